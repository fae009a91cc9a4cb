"""Late answers, at every moment at which an answer can be late."""

import pytest

from saga.engine.definition import then, together
from saga.engine.errors import Refused, TryAgain
from tests.saga.interruptions import KillAfter, Killed, PausedWorker, interrupted_by, transactions_as_checkpoints


class TestALateAnswer:
    @pytest.fixture
    def saga(self, harness, script):
        return harness.saga(together(script.step("fold"), script.calling("cut")), then(script.calling("glue")))

    def paused(self, deliveries, name):
        """Freeze the worker that takes this task; the broker has it redelivered meanwhile."""
        task = next(task for task in deliveries.tasks if task["task"] == name)
        return PausedWorker(lambda: deliveries.deliver(task), at="call")

    @pytest.mark.parametrize("delivered", range(5))
    def test_is_ignored_once_the_saga_compensates(self, harness, saga, script, delivered):
        ref, deliveries = harness.start(saga)
        paused = self.paused(deliveries, "toys.cut")
        script.answers["cut"] = [Refused("no")]
        deliveries.deliver_next("toys.cut")
        for _ in range(delivered):
            deliveries.deliver_next(deliveries.tasks[0]["task"])
        paused.resume()
        deliveries.deliver_all()
        assert harness.steps(ref) == {"fold": "undone", "cut": "undone", "glue": "pending"}
        assert script.calls.count("cut heard") == 1
        assert harness.events(ref).count("cut answered_late") == 1
        assert script.calls.count("when_undone") == 1

    @pytest.mark.parametrize("delivered", range(3))
    @pytest.mark.parametrize("late", [None, Refused("no"), TryAgain("busy")])
    def test_changes_nothing_about_a_step_that_is_done(self, harness, saga, script, *, delivered, late):
        ref, deliveries = harness.start(saga)
        paused = self.paused(deliveries, "toys.cut")
        deliveries.deliver_next("toys.cut")
        for _ in range(delivered):
            deliveries.deliver_next(deliveries.tasks[0]["task"])
        script.answers["cut"] = [late]
        paused.resume()
        deliveries.deliver_all()
        assert harness.state(ref) == "done"
        assert harness.events(ref).count("cut answered_late") == 1

    def test_of_an_undo_is_ignored_when_the_step_is_undone_already(self, harness, saga, script):
        script.answers["glue"] = [Refused("no")]
        ref, deliveries = harness.start(saga)
        for name in ("toys.cut", "toys.fold", "saga.advance"):
            deliveries.deliver_next(name)
        paused = self.paused(deliveries, "toys.un_glue")
        deliveries.deliver_all()
        script.answers["un_glue"] = [TryAgain("busy")]
        paused.resume()
        assert harness.state(ref) == "undone"
        assert script.calls.count("when_undone") == 1
        assert script.calls.count("un_glue heard") == 1

    def test_is_ignored_by_a_stuck_saga(self, harness, script):
        saga = harness.saga(then(script.step("fold"), pivot=True), then(script.calling("glue")))
        ref, deliveries = harness.start(saga)
        paused = self.paused(deliveries, "saga.advance")
        script.answers["glue"] = [Refused("no")]
        deliveries.deliver_all()
        paused.resume()
        assert harness.state(ref) == "stuck"
        assert script.calls.count("glue heard") == 1


class TestAWorkerThatDies:
    """Its messages are redelivered, and what is recorded is not done twice."""

    @pytest.fixture(autouse=True)
    def checkpoints(self):
        with transactions_as_checkpoints():
            yield

    @pytest.mark.parametrize("ending", ["done", "undone"])
    @pytest.mark.parametrize("after", range(8))
    def test_at_every_checkpoint_of_every_message_loses_nothing(self, harness, script, after, ending):
        steps = [script.step("fold"), script.calling("cut"), script.calling("glue"), script.step("dry")]
        saga = harness.saga(together(*steps[:2]), then(steps[2]), then(steps[3]))
        if ending == "undone":
            script.answers["dry"] = [Refused("no")] * 2
        ref, deliveries = harness.start(saga)
        while deliveries.tasks:
            task = deliveries.tasks.pop(0)
            try:
                with interrupted_by(KillAfter(after)):
                    deliveries.deliver(task)
            except Killed:
                deliveries.deliver(task)
            deliveries.collect()
        assert harness.state(ref) == ending
        happened = harness.events(ref)
        assert [happened.count(f"{step} done") for step in steps] == [1, 1, 1, ending == "done"]
        assert happened.count(ending) == 1
