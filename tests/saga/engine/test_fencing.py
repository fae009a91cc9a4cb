"""Late answers, at every moment at which an answer can be late."""

import pytest

from saga.engine.definition import then, together
from saga.engine.errors import Refused, TryAgain
from tests.saga.plights import Death, Frozen, Killed, suffering, transactions_as_checkpoints


class TestALateAnswer:
    @pytest.fixture
    def saga(self, workshop, script):
        return workshop.saga(together(script.step("fold"), script.calling("cut")), then(script.calling("glue")))

    def frozen(self, deliveries, name):
        """Freeze the worker that takes this task; the broker has it redelivered meanwhile."""
        task = next(task for task in deliveries.tasks if task["task"] == name)
        return Frozen(lambda: deliveries.deliver(task), at="call")

    @pytest.mark.parametrize("delivered", range(5))
    def test_is_ignored_once_the_saga_compensates(self, workshop, saga, script, delivered):
        ref, deliveries = workshop.start(saga)
        frozen = self.frozen(deliveries, "toys.cut")
        script.answers["cut"] = [Refused("no")]
        deliveries.deliver_next("toys.cut")
        for _ in range(delivered):
            deliveries.deliver_next(deliveries.tasks[0]["task"])
        frozen.thaw()
        deliveries.until_quiet()
        assert workshop.steps(ref) == {"fold": "undone", "cut": "undone", "glue": "pending"}
        assert script.calls.count("cut heard") == 1
        assert workshop.events(ref).count("cut answered_late") == 1
        assert script.calls.count("when_undone") == 1

    @pytest.mark.parametrize("delivered", range(3))
    @pytest.mark.parametrize("late", [None, Refused("no"), TryAgain("busy")])
    def test_changes_nothing_about_a_step_that_is_done(self, workshop, saga, script, *, delivered, late):
        ref, deliveries = workshop.start(saga)
        frozen = self.frozen(deliveries, "toys.cut")
        deliveries.deliver_next("toys.cut")
        for _ in range(delivered):
            deliveries.deliver_next(deliveries.tasks[0]["task"])
        script.answers["cut"] = [late]
        frozen.thaw()
        deliveries.until_quiet()
        assert workshop.state(ref) == "done"
        assert workshop.events(ref).count("cut answered_late") == 1

    def test_of_an_undo_is_ignored_when_the_step_is_undone_already(self, workshop, saga, script):
        script.answers["glue"] = [Refused("no")]
        ref, deliveries = workshop.start(saga)
        for name in ("toys.cut", "toys.fold", "saga.advance"):
            deliveries.deliver_next(name)
        frozen = self.frozen(deliveries, "toys.un_glue")
        deliveries.until_quiet()
        script.answers["un_glue"] = [TryAgain("busy")]
        frozen.thaw()
        assert workshop.state(ref) == "undone"
        assert script.calls.count("when_undone") == 1
        assert script.calls.count("un_glue heard") == 1

    def test_is_ignored_by_a_stuck_saga(self, workshop, script):
        saga = workshop.saga(then(script.step("fold"), pivot=True), then(script.calling("glue")))
        ref, deliveries = workshop.start(saga)
        frozen = self.frozen(deliveries, "saga.advance")
        script.answers["glue"] = [Refused("no")]
        deliveries.until_quiet()
        frozen.thaw()
        assert workshop.state(ref) == "stuck"
        assert script.calls.count("glue heard") == 1


class TestAWorkerThatDies:
    """Its messages are redelivered, and what is recorded is not done twice."""

    @pytest.fixture(autouse=True)
    def checkpoints(self):
        with transactions_as_checkpoints():
            yield

    @pytest.mark.parametrize("ending", ["done", "undone"])
    @pytest.mark.parametrize("after", range(8))
    def test_at_every_checkpoint_of_every_message_loses_nothing(self, workshop, script, after, ending):
        steps = [script.step("fold"), script.calling("cut"), script.calling("glue"), script.step("dry")]
        saga = workshop.saga(together(*steps[:2]), then(steps[2]), then(steps[3]))
        if ending == "undone":
            script.answers["dry"] = [Refused("no")] * 2
        ref, deliveries = workshop.start(saga)
        while deliveries.tasks:
            task = deliveries.tasks.pop(0)
            try:
                with suffering(Death(after)):
                    deliveries.deliver(task)
            except Killed:
                deliveries.deliver(task)
            deliveries.collect()
        assert workshop.state(ref) == ending
        happened = workshop.events(ref)
        assert [happened.count(f"{step} done") for step in steps] == [1, 1, 1, ending == "done"]
        assert happened.count(ending) == 1
