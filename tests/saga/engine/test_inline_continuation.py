"""A worker that also consumes chords' bodies continues a saga inline after the last answer of a parallel stage."""

import pytest

from kit.errors import Conflict
from saga.engine import executor
from saga.engine.definition import afterwards, then, together, wait_for
from saga.engine.errors import Refused
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED, YES
from tests.saga.interruptions import KillAfter, Killed, interrupted_by, transactions_as_checkpoints
from tests.saga.message_deliveries import Deliveries


@pytest.fixture
def saga(harness, script):
    return harness.saga(
        together(script.step("fold"), script.calling("cut")),
        then(script.calling("glue"), pivot=True),
        then(script.step("press")),
        afterwards(script.step("tell")),
    )


@pytest.fixture
def begun(harness, saga):
    """The saga, started, and workers that continue inline."""
    return harness.start(saga, deliveries=Deliveries((saga,), continue_inline=True))


WHOLE = [
    "started", "fold begun", "fold done", "cut begun", "cut done", "advanced", "glue begun", "glue done", "advanced",
    "press begun", "press done", "completed",
]  # fmt: skip


class TestInlineContinuation:
    def test_completes_the_saga_without_a_message_for_the_body(self, harness, begun):
        ref, deliveries = begun
        for name in ("toys.cut", "toys.fold"):
            deliveries.deliver_next(name)
        assert harness.state(ref) == "finishing"
        assert [task["task"] for task in deliveries.tasks] == ["toys.tell"]

    def test_returns_the_sagas_that_it_has_continued(self, begun):
        ref, deliveries = begun
        assert executor.run_steps({ref: ["fold"]}, deliveries.find, continue_inline=True) == []
        assert executor.run_steps({ref: ["cut"]}, deliveries.find, continue_inline=True) == [ref]
        assert executor.run_steps({ref: ["cut"]}, deliveries.find, continue_inline=True) == []

    def test_runs_both_headers_in_one_transaction(self, harness, begun, script):
        ref, deliveries = begun
        deliveries.deliver(*deliveries.tasks)
        assert harness.events(ref) == WHOLE
        times = {step.step: (step.begun_at, step.answered_at) for step in harness.timeline(ref).steps}
        assert times["fold"][0] == times["cut"][0]
        assert times["cut"][1] == times["glue"][0]
        assert script.calls == ["fold", "cut", "cut heard", "glue", "glue heard", "press", "when_done"]

    def test_sends_the_body_when_disabled(self, harness, begun):
        ref, deliveries = begun
        deliveries.continue_inline = False
        deliveries.deliver(*deliveries.tasks)
        deliveries.tasks.clear()
        deliveries.collect()
        assert harness.steps(ref)["glue"] == "pending"
        assert [task["task"] for task in deliveries.tasks] == ["saga.advance"]

    def test_compensates_without_a_message(self, harness, begun, script):
        script.answers["cut"] = [Refused("blunt")]
        ref, deliveries = begun
        deliveries.deliver_all()
        assert harness.state(ref) == "undone"
        assert "saga.advance" not in deliveries.delivered

    def test_grants_a_cancellation(self, harness, begun, script):
        ref, deliveries = begun
        deliveries.deliver_next("toys.fold")
        harness.stop(ref, deliveries)
        deliveries.deliver_all()
        assert harness.state(ref) == "undone"
        assert "glue" not in script.calls


class TestARedeliveredMessage:
    @pytest.mark.parametrize("after", range(10))
    def test_continues_the_work_of_a_worker_that_died(self, harness, begun, after):
        ref, deliveries = begun
        messages, deliveries.tasks = deliveries.tasks, []
        with transactions_as_checkpoints(), interrupted_by(KillAfter(after)), pytest.raises(Killed):
            deliveries.deliver(*messages)
        assert harness.state(ref) == "running"
        deliveries.deliver(*messages)
        assert harness.state(ref) == "finishing"

    def test_changes_nothing_while_the_stage_waits_for_another_step(self, harness, begun, script):
        ref, deliveries = begun
        [fold, _] = deliveries.tasks
        deliveries.deliver(fold)
        deliveries.deliver(fold)
        assert script.calls == ["fold"]
        assert harness.state(ref) == "running"

    def test_changes_nothing_when_disabled(self, harness, begun, script):
        ref, deliveries = begun
        messages, deliveries.continue_inline = deliveries.tasks, False
        deliveries.deliver(*messages)
        deliveries.deliver(*messages)
        assert "glue" not in script.calls
        assert harness.steps(ref)["glue"] == "pending"


class TestErrors:
    def test_of_a_sequential_step_are_recorded_for_that_step(self, harness, begun, script):
        script.answers["press"] = [ValueError("jammed")] * 2
        ref, deliveries = begun
        for name in ("toys.fold", "toys.cut"):
            deliveries.deliver_next(name)
        assert harness.steps(ref) == {
            "fold": "done",
            "cut": "done",
            "glue": "done",
            "press": "running",
            "tell": "pending",
        }
        deliveries.deliver_all()
        assert harness.state(ref) == "done"
        assert harness.events(ref).count("cut done") == 1

    def test_of_a_sequential_step_leave_the_saga_continued(self, harness, script):
        saga = harness.saga(together(script.step("fold"), script.step("cut")), then(script.step("press")))
        script.answers["press"] = [ValueError("jammed")] * 2
        ref, deliveries = harness.start(saga, deliveries=Deliveries((saga,), continue_inline=True))
        assert executor.run_steps({ref: ["fold"]}, deliveries.find, continue_inline=True) == []
        assert executor.run_steps({ref: ["cut"]}, deliveries.find, continue_inline=True) == [ref]
        assert harness.steps(ref) == {"fold": "done", "cut": "done", "press": "running"}

    @pytest.mark.parametrize("before", ["parallel steps", "a wait"])
    @pytest.mark.parametrize(("answer", "ending"), [(ValueError("jammed"), "done"), (Conflict("no"), "undone")])
    def test_of_the_step_after_an_answered_stage_are_recorded(self, harness, script, before, answer, ending):
        """The transaction that is rolled back has left that stage, too."""
        fold, cut, press = map(script.step, ("fold", "cut", "press"))
        wait = wait_for(CONFIRMED, expires=A_DAY, on_expiry="undo")
        stages = [together(fold, cut)] if before == "parallel steps" else [then(fold), wait]
        script.answers["press"] = [answer]
        ref, deliveries = harness.start(harness.saga(*stages, then(press)))
        if before == "a wait":
            harness.signal(ref, deliveries, CONFIRMED, YES)
        deliveries.deliver_all()
        assert harness.state(ref) == ending
        assert harness.events(ref).count("press begun") == (2 if ending == "done" else 1)

    def test_of_a_hook_are_not_recorded_for_the_header(self, harness, script):
        saga = harness.saga(together(script.step("fold"), script.step("cut")))
        script.answers["when_done"] = [ValueError("no")] * 2
        ref, deliveries = harness.start(saga, deliveries=Deliveries((saga,), continue_inline=True))
        deliveries.deliver_all()
        assert harness.steps(ref) == {"fold": "done", "cut": "done"}
        assert [incident.error["code"] for incident in harness.incidents(ref)] == ["ValueError"]

    def test_of_a_batch_are_raised_and_roll_it_back(self, harness, begun, script):
        script.answers["fold"] = [ValueError("torn")]
        ref, deliveries = begun
        with pytest.raises(ValueError, match="torn"):
            deliveries.deliver(*deliveries.tasks)
        assert set(harness.steps(ref).values()) == {"pending"}
