"""A saga that cannot be moved opens an incident in the end, and holds up no other saga."""

import pytest

from kit.errors import NotConfigured
from saga.engine import executor, faults
from saga.engine.definition import then, together
from saga.engine.errors import DefinitionMismatch, TryAgain, UnknownVersion
from saga.engine.sweep import sweep
from saga.incidents import actions
from tests.saga.engine.saga_harness import outbox

POISON = {
    "a stage there is not": "UPDATE sagas SET stage = 7 WHERE id = '{}'",
    "a step there is not": "UPDATE saga_steps SET step = 'paint' WHERE position = 0 AND saga_id = '{}'",
    "a step too few": "DELETE FROM saga_steps WHERE position = 1 AND saga_id = '{}'",
    "no step at all": "DELETE FROM saga_steps WHERE saga_id = '{}'",
    "another stage": "UPDATE saga_steps SET stage = 1 WHERE position = 1 AND saga_id = '{}'",
}


@pytest.fixture
def saga(harness, script):
    return harness.saga(together(script.step("fold"), script.step("cut")), then(script.step("glue")))


@pytest.fixture
def poisoned(harness, saga):
    """A saga that was started and cannot be moved; its messages are lost."""

    def poisoning(poison="a stage there is not"):
        ref, deliveries = harness.start(saga)
        deliveries.tasks.clear()
        harness.sql(POISON[poison].format(ref.saga_id))
        return ref

    return poisoning


def sweep_again(harness, find, times=1):
    for _ in range(times):
        harness.expire_deadlines()
        sweep(find)


class TestAPoisonedSaga:
    @pytest.mark.parametrize("poison", POISON)
    def test_opens_one_incident_and_all_others_are_recovered(self, harness, saga, poisoned, poison, published):
        bad = poisoned(poison)
        good = [harness.start(saga) for _ in range(3)]
        find = good[0][1].find
        for _, deliveries in good:
            deliveries.tasks.clear()
        harness.sql(f"UPDATE sagas SET due_at = due_at - interval '1 hour' WHERE id = '{bad.saga_id}'")
        sweep_again(harness, find)
        assert len(outbox()) == 2 * len(good)
        good[0][1].deliver_all()
        assert {harness.state(ref) for ref, _ in good} == {"done"}
        sweep_again(harness, find, times=9)
        [incident] = harness.incidents(bad)
        assert (incident.phase, incident.attempts, harness.state(bad)) == ("running", faults.LIMIT, "stuck")
        assert [event["incident_id"] for event in published("incident.opened")] == [str(incident.id)]

    def test_is_postponed_longer_each_time(self, harness, saga, poisoned):
        bad = poisoned()
        pauses = []
        for _ in range(faults.LIMIT - 1):
            faults.record(bad, KeyError("paint"))
            [(pause,)] = harness.sql("SELECT extract(epoch FROM due_at - now())::int FROM sagas")
            pauses.append(round(pause / 5))
            harness.expire_deadlines()
        assert pauses == [1, 2, 4, 8]

    def test_has_its_faults_in_its_history_without_their_messages(self, harness, poisoned):
        bad = poisoned()
        faults.record(bad, KeyError("4242424242424242"))
        assert harness.timeline(bad).events[-1].event == "faulted"
        assert harness.timeline(bad).events[-1].detail == {"code": "KeyError", "detail": None}


class TestRecord:
    def test_counts_from_zero_once_the_saga_has_moved(self, harness, saga):
        ref, deliveries = harness.start(saga)
        for name in ("toys.fold", "toys.cut", "saga.advance"):
            for _ in range(faults.LIMIT - 1):
                faults.record(ref, KeyError("?"))
            deliveries.deliver_next(name)
        assert (harness.state(ref), harness.incidents(ref)) == ("done", [])

    def test_names_the_step_in_progress(self, harness, saga, script):
        script.answers["cut"] = [TryAgain("busy")]
        ref, deliveries = harness.start(saga)
        deliveries.deliver_next("toys.cut")
        for _ in range(faults.LIMIT):
            faults.record(ref, KeyError("?"))
        assert [incident.step for incident in harness.incidents(ref)] == ["cut"]

    @pytest.mark.parametrize(
        "error",
        [TimeoutError(), NotConfigured(), UnknownVersion()],
        ids=["an outage", "a missing setting", "a version"],
    )
    def test_does_not_count(self, harness, saga, error):
        ref, _ = harness.start(saga)
        before = harness.events(ref)
        faults.record(ref, error)
        assert harness.events(ref) == before

    @pytest.mark.parametrize("ending", ["done", "stuck"])
    def test_changes_nothing_about_a_saga_that_is(self, harness, saga, poisoned, ending):
        if ending == "done":
            ref = harness.run(saga)
        else:
            ref = poisoned()
            for _ in range(faults.LIMIT):
                faults.record(ref, KeyError("?"))
        before = harness.events(ref)
        faults.record(ref, KeyError("?"))
        assert (harness.events(ref), harness.state(ref)) == (before, ending)


class TestAWorker:
    def test_that_moves_a_poisoned_saga_alone_counts_a_fault(self, harness, saga, poisoned):
        bad = poisoned("a step there is not")
        with pytest.raises(DefinitionMismatch):
            executor.run_steps({bad: ["fold"]}, lambda *_: saga)
        assert harness.events(bad)[-1] == "faulted"

    def test_counts_none_while_it_moves_several_sagas(self, harness, saga, poisoned):
        bad, (good, _) = poisoned("a step there is not"), harness.start(saga)
        with pytest.raises(DefinitionMismatch):
            executor.run_steps({bad: ["fold"], good: ["fold"]}, lambda *_: saga)
        assert [harness.events(ref) for ref in (bad, good)] == [["started"]] * 2

    def test_counts_a_fault_of_an_undo(self, harness, saga, poisoned):
        bad = poisoned("a step there is not")
        with pytest.raises(DefinitionMismatch):
            executor.run_undo([bad], "fold", lambda *_: saga)
        assert harness.events(bad)[-1] == "faulted"


class TestASagaOfAnotherDefinition:
    def test_ends_when_its_definition_is_back(self, harness, saga, script):
        ref, deliveries = harness.start(saga)
        changed = harness.saga(*saga.stages, then(script.step("paint")))
        for _ in range(faults.LIMIT - 1):
            sweep_again(harness, lambda *_: changed)
        assert harness.events(ref).count("faulted") == faults.LIMIT - 1
        deliveries.deliver_all()
        assert harness.state(ref) == "done"

    def test_can_be_retried_by_an_operator_once_its_definition_is_back(self, harness, saga, script):
        ref, deliveries = harness.start(saga)
        deliveries.tasks.clear()
        changed = harness.saga(*saga.stages, then(script.step("paint")))
        sweep_again(harness, lambda *_: changed, times=faults.LIMIT)
        with pytest.raises(DefinitionMismatch):
            actions.retry(ref, lambda *_: changed, reason="again", by="ada")
        assert harness.state(ref) == "stuck"
        actions.retry(ref, deliveries.find, reason="the old release is back", by="ada")
        deliveries.deliver_all()
        assert harness.state(ref) == "done"
