"""A worker that also consumes chords' bodies continues a saga inline after the last answer of a parallel stage."""

import pytest

from saga.engine import executor
from saga.engine.definition import afterwards, then, together
from saga.engine.errors import Refused
from tests.saga.deliveries import Deliveries
from tests.saga.plights import Death, Killed, suffering, transactions_as_checkpoints


@pytest.fixture
def saga(workshop, script):
    return workshop.saga(
        together(script.step("fold"), script.calling("cut")),
        then(script.calling("glue"), pivot=True),
        then(script.step("press")),
        afterwards(script.step("tell")),
    )


@pytest.fixture
def begun(workshop, saga):
    """The saga, started, and workers that continue inline."""
    return workshop.start(saga, deliveries=Deliveries((saga,), continue_inline=True))


WHOLE = [
    "started", "fold begun", "fold done", "cut begun", "cut done", "advanced", "glue begun", "glue done", "advanced",
    "press begun", "press done", "completed",
]  # fmt: skip


class TestInlineContinuation:
    def test_completes_the_saga_without_a_message_for_the_body(self, workshop, begun):
        ref, deliveries = begun
        for name in ("toys.cut", "toys.fold"):
            deliveries.deliver_next(name)
        assert workshop.state(ref) == "finishing"
        assert [task["task"] for task in deliveries.tasks] == ["toys.tell"]

    def test_returns_the_sagas_that_it_has_continued(self, begun):
        ref, deliveries = begun
        assert executor.run_steps({ref: ["fold"]}, deliveries.find, continue_inline=True) == []
        assert executor.run_steps({ref: ["cut"]}, deliveries.find, continue_inline=True) == [ref]
        assert executor.run_steps({ref: ["cut"]}, deliveries.find, continue_inline=True) == []

    def test_runs_both_headers_in_one_transaction(self, workshop, begun, script):
        ref, deliveries = begun
        deliveries.deliver(*deliveries.tasks)
        assert workshop.events(ref) == WHOLE
        times = {step.step: (step.begun_at, step.answered_at) for step in workshop.timeline(ref).steps}
        assert times["fold"][0] == times["cut"][0]
        assert times["cut"][1] == times["glue"][0]
        assert script.calls == ["fold", "cut", "cut heard", "glue", "glue heard", "press", "when_done"]

    def test_sends_the_body_when_disabled(self, workshop, begun):
        ref, deliveries = begun
        deliveries.continue_inline = False
        deliveries.deliver(*deliveries.tasks)
        deliveries.tasks.clear()
        deliveries.collect()
        assert workshop.steps(ref)["glue"] == "pending"
        assert [task["task"] for task in deliveries.tasks] == ["saga.advance"]

    def test_compensates_without_a_message(self, workshop, begun, script):
        script.answers["cut"] = [Refused("blunt")]
        ref, deliveries = begun
        deliveries.until_quiet()
        assert workshop.state(ref) == "undone"
        assert "saga.advance" not in deliveries.delivered

    def test_grants_a_cancellation(self, workshop, begun, script):
        ref, deliveries = begun
        deliveries.deliver_next("toys.fold")
        workshop.stop(ref, deliveries)
        deliveries.until_quiet()
        assert workshop.state(ref) == "undone"
        assert "glue" not in script.calls


class TestARedeliveredMessage:
    @pytest.mark.parametrize("after", range(10))
    def test_continues_the_work_of_a_worker_that_died(self, workshop, begun, after):
        ref, deliveries = begun
        messages, deliveries.tasks = deliveries.tasks, []
        with transactions_as_checkpoints(), suffering(Death(after)), pytest.raises(Killed):
            deliveries.deliver(*messages)
        assert workshop.state(ref) == "running"
        deliveries.deliver(*messages)
        assert workshop.state(ref) == "finishing"

    def test_changes_nothing_while_the_stage_waits_for_another_step(self, workshop, begun, script):
        ref, deliveries = begun
        [fold, _] = deliveries.tasks
        deliveries.deliver(fold)
        deliveries.deliver(fold)
        assert script.calls == ["fold"]
        assert workshop.state(ref) == "running"

    def test_changes_nothing_when_disabled(self, workshop, begun, script):
        ref, deliveries = begun
        messages, deliveries.continue_inline = deliveries.tasks, False
        deliveries.deliver(*messages)
        deliveries.deliver(*messages)
        assert "glue" not in script.calls
        assert workshop.steps(ref)["glue"] == "pending"


class TestErrors:
    def test_of_a_sequential_step_are_recorded_for_that_step(self, workshop, begun, script):
        script.answers["press"] = [ValueError("jammed")] * 2
        ref, deliveries = begun
        for name in ("toys.fold", "toys.cut"):
            deliveries.deliver_next(name)
        assert workshop.steps(ref) == {
            "fold": "done",
            "cut": "done",
            "glue": "done",
            "press": "running",
            "tell": "pending",
        }
        deliveries.until_quiet()
        assert workshop.state(ref) == "done"
        assert workshop.events(ref).count("cut done") == 1

    def test_of_a_sequential_step_leave_the_saga_continued(self, workshop, script):
        saga = workshop.saga(together(script.step("fold"), script.step("cut")), then(script.step("press")))
        script.answers["press"] = [ValueError("jammed")] * 2
        ref, deliveries = workshop.start(saga, deliveries=Deliveries((saga,), continue_inline=True))
        assert executor.run_steps({ref: ["fold"]}, deliveries.find, continue_inline=True) == []
        assert executor.run_steps({ref: ["cut"]}, deliveries.find, continue_inline=True) == [ref]
        assert workshop.steps(ref) == {"fold": "done", "cut": "done", "press": "running"}

    def test_of_a_hook_are_not_recorded_for_the_header(self, workshop, script):
        saga = workshop.saga(together(script.step("fold"), script.step("cut")))
        script.answers["when_done"] = [ValueError("no")] * 2
        ref, deliveries = workshop.start(saga, deliveries=Deliveries((saga,), continue_inline=True))
        deliveries.until_quiet()
        assert workshop.steps(ref) == {"fold": "done", "cut": "done"}
        assert [incident.error["code"] for incident in workshop.incidents(ref)] == ["ValueError"]

    def test_of_a_batch_are_raised_and_roll_it_back(self, workshop, begun, script):
        script.answers["fold"] = [ValueError("torn")]
        ref, deliveries = begun
        with pytest.raises(ValueError, match="torn"):
            deliveries.deliver(*deliveries.tasks)
        assert set(workshop.steps(ref).values()) == {"pending"}
