"""Several sagas of one company executed together: each has the outcome that it would have alone."""

import threading
from collections.abc import Sequence

import pytest

from kit import clock, db
from kit.ids import new_id
from kit.process import heartbeat
from kit.tenancy import Tenant
from saga.engine import executor
from saga.engine.definition import afterwards, then, together
from saga.engine.errors import Refused, TryAgain
from saga.engine.journal import SagaNotFound, all_locked
from saga.engine.locked_saga import SagaRef
from saga.engine.start import start
from saga.engine.step import batched_step
from saga.engine.step_functions import Subject
from tests.saga.message_deliveries import Deliveries

MANY = 5
DUE = "SELECT extract(epoch FROM due_at - now())::float FROM sagas"


@pytest.fixture
def batches():
    """The number of subjects in each call of the batched step."""
    return []


@pytest.fixture
def outcomes():
    """The outcome of the batched step, by subject; None for the others."""
    return {}


@pytest.fixture
def press(batches, outcomes):
    @batched_step(area="toys")
    def press(sheets: Sequence[Subject]):
        batches.append(len(sheets))
        for sheet in sheets:
            if isinstance(outcomes.get(sheet.id), Exception):
                raise outcomes[sheet.id]
        return {sheet.id: outcomes[sheet.id] for sheet in sheets if sheet.id in outcomes}

    press.undo(lambda sheet: None)
    press.undo_function.__name__ = "unpress"
    return press


@pytest.fixture
def started(harness):
    """Start several sagas of one definition; return their refs, in order, and a way to find the definition."""

    def starting(saga, times=MANY):
        begun = [harness.start(saga) for _ in range(times)]
        return [ref for ref, _ in begun], begun[0][1].find

    return starting


def take(refs, *steps, find, continue_inline=False):
    """Execute these steps, or the next sequential ones, for all sagas."""
    return executor.run_steps(dict.fromkeys(refs, steps), find, continue_inline=continue_inline)


def advance(refs, find):
    take(refs, find=find, continue_inline=True)


def subject(harness, ref):
    return harness.timeline(ref).saga.subject_id


class TestABatchedStep:
    @pytest.fixture
    def saga(self, harness, script, press):
        return harness.saga(together(press, script.step("fold")), then(script.step("glue")))

    def test_runs_once_for_all_subjects(self, harness, started, saga, batches):
        refs, find = started(saga)
        take(refs, "press", find=find)
        assert batches == [MANY]
        assert {harness.steps(ref)["press"] for ref in refs} == {"done"}

    def test_has_an_outcome_per_subject(self, harness, started, saga, outcomes):
        refs, find = started(saga)
        outcomes[subject(harness, refs[1])] = Refused("torn")
        outcomes[subject(harness, refs[2])] = TryAgain("busy")
        outcomes[subject(harness, refs[3])] = {"pages": 16}
        take(refs, "press", find=find)
        assert [harness.steps(ref)["press"] for ref in refs] == ["done", "failed", "running", "done", "done"]
        assert harness.timeline(refs[3]).steps[0].outcome == {"pages": 16}

    def test_leaves_out_sagas_that_do_not_wait_for_it(self, harness, started, saga, batches):
        refs, find = started(saga)
        take(refs[:2], "press", find=find)
        take(refs, "press", find=find)
        assert batches == [2, MANY - 2]

    def test_runs_once_for_a_saga_that_is_in_the_batch_twice(self, started, saga, batches):
        refs, find = started(saga, 2)
        take([*refs, refs[0]], "press", find=find)
        assert batches == [2]

    def test_that_raises_for_one_subject_changes_none(self, harness, started, saga, outcomes):
        refs, find = started(saga)
        outcomes[subject(harness, refs[1])] = ValueError("jammed")
        with pytest.raises(ValueError, match="jammed"):
            take(refs, "press", find=find)
        assert {harness.steps(ref)["press"] for ref in refs} == {"pending"}
        take(refs[1:2], "press", find=find)
        assert harness.timeline(refs[1]).steps[0].error["code"] == "ValueError"

    def test_does_not_run_when_one_saga_is_unknown(self, harness, started, saga, batches):
        refs, find = started(saga, 2)
        with pytest.raises(SagaNotFound):
            take([*refs, SagaRef(new_id(), refs[0].company_id)], "press", find=find)
        assert batches == []

    def test_runs_as_a_sequential_step(self, harness, script, started, press, batches):
        saga = harness.saga(then(press), then(script.step("glue")), afterwards(script.step("tell")))
        refs, find = started(saga)
        advance(refs, find)
        assert batches == [MANY]
        assert script.calls == ["glue"] * MANY + ["when_done"] * MANY
        assert {harness.state(ref) for ref in refs} == {"finishing"}


class TestCallsOfABatch:
    @pytest.fixture
    def saga(self, harness, script):
        return harness.saga(then(script.calling("fold")), then(script.step("glue")))

    def test_are_made_concurrently(self, harness, script, started, saga):
        everybody = threading.Barrier(MANY, timeout=20)
        script.answers["fold"] = [None] * MANY
        answer = script._answer
        script._answer = lambda name: ((everybody.wait() if name == "fold" else None) and None) or answer(name)
        refs, find = started(saga)
        advance(refs, find)
        assert {harness.state(ref) for ref in refs} == {"done"}

    def test_send_heartbeats(self, harness, script, started, saga, monkeypatch):
        monkeypatch.setattr(heartbeat, "INTERVAL", 0.01)
        shown, enough = [], threading.Event()

        def show():
            shown.append(True)
            if len(shown) == 3:
                enough.set()

        answer = script._answer
        script._answer = lambda name: answer(name) if name != "fold" or enough.wait(20) else pytest.fail("no sign")
        refs, find = started(saga)
        with heartbeat.sent_by(show):
            advance(refs, find)
        assert {harness.state(ref) for ref in refs} == {"done"}

    def test_extend_the_deadline(self, harness, script, started, saga):
        due, answer = [], script._answer

        def answering(name):
            if name == "fold":
                due.extend(harness.sql(DUE))
            return answer(name)

        script._answer = answering
        refs, find = started(saga)
        advance(refs, find)
        assert {round(seconds / saga.call_deadline) for (seconds,) in due} == {1}

    def test_that_fail_affect_only_their_own_saga(self, harness, script, started, saga):
        script.answers["fold"] = [None, OSError("cut off"), None, None, None]
        refs, find = started(saga)
        advance(refs, find)
        states = sorted(harness.steps(ref)["fold"] for ref in refs)
        assert states == ["done"] * (MANY - 1) + ["running"]
        [late] = [ref for ref in refs if harness.steps(ref)["fold"] == "running"]
        assert harness.timeline(late).steps[0].error["code"] == "OSError"

    def test_are_ignored_for_a_saga_that_compensates_by_then(self, harness, script, started):
        saga = harness.saga(together(script.calling("fold"), script.step("cut")))
        refs, find = started(saga, 2)
        script.answers["cut"] = [Refused("blunt")]

        def start_compensation():
            take(refs[:1], "cut", find=find)
            with all_locked(refs[:1], find) as [held]:
                held.state = "compensating"
                held.record_event("compensating")

        answer, once = script._answer, [start_compensation]

        def answering(name):
            if name == "fold" and once:
                once.pop()()
            return answer(name)

        script._answer = answering
        take(refs, "fold", find=find)
        assert "fold answered_late" in harness.events(refs[0])
        assert harness.steps(refs[1])["fold"] == "done"

    def test_of_two_sagas_about_the_same_subject_are_kept_apart(self, harness, script):
        first, second = (
            harness.saga(then(script.calling(step)), then(script.step(f"after {step}")), name=step)
            for step in ("fold", "cut")
        )
        ref, deliveries = harness.start(first, deliveries=Deliveries((first, second)))
        with db.transaction(Tenant(company_id=harness.company_id)):
            other = start(second, subject_id=subject(harness, ref), company_id=harness.company_id, now=clock.now())
        advance([ref, SagaRef(other, harness.company_id)], deliveries.find)
        assert harness.state(ref) == harness.state(SagaRef(other, harness.company_id)) == "done"
        assert sorted(script.calls) == sorted(
            ["fold", "fold heard", "after fold", "cut", "cut heard", "after cut", "when_done", "when_done"]
        )
