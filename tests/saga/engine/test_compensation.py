import pytest

from saga.engine.definition import afterwards, then, together
from saga.engine.errors import Refused, TryAgain
from saga.engine.retries import Retries
from tests.saga.engine.saga_harness import Broken


class TestAnUndo:
    @pytest.fixture
    def saga(self, harness, script):
        script.answers["cut"] = [Refused("no")]
        fold = script.step("fold")
        fold.undo_retries = Retries(limit=3)
        return harness.saga(then(fold), then(script.step("cut")))

    @pytest.mark.parametrize("trouble", [TryAgain("busy"), Refused("no"), Broken(), ValueError()])
    def test_is_retried_after_any_failure(self, harness, saga, script, trouble):
        script.answers["un_fold"] = [trouble]
        ref = harness.run(saga)
        assert harness.state(ref) == "undone"
        assert script.calls == ["fold", "cut", "un_cut", "un_fold", "un_fold", "when_undone"]

    def test_opens_an_incident_when_its_retries_are_used_up(self, harness, saga, script):
        script.answers["un_fold"] = [TryAgain("busy", "come back later")] * 3
        ref = harness.run(saga)
        [incident] = harness.incidents(ref)
        assert (incident.step, incident.phase, incident.attempts) == ("fold", "compensating", 3)
        assert incident.error == {"code": "busy", "detail": "come back later"}
        assert incident.resolved_at is None
        assert harness.state(ref) == "stuck"

    def test_that_is_delivered_twice_runs_once(self, harness, saga, script):
        _, deliveries = harness.start(saga)
        deliveries.deliver_next("saga.advance")
        [undo] = deliveries.tasks
        deliveries.deliver(undo)
        deliveries.deliver(undo)
        deliveries.deliver_all()
        assert script.calls == ["fold", "cut", "un_cut", "un_fold", "when_undone"]

    def test_is_ignored_while_the_saga_runs(self, harness, saga, script):
        ref, deliveries = harness.start(saga)
        deliveries.deliver({**deliveries.tasks[0], "task": "toys.un_fold"})
        assert script.calls == []
        assert harness.state(ref) == "running"

    def test_is_ignored_while_another_undo_is_due(self, harness, saga, script):
        _, deliveries = harness.start(saga)
        deliveries.deliver_next("saga.advance")
        deliveries.deliver({**deliveries.tasks[0], "task": "toys.un_fold"})
        assert script.calls == ["fold", "cut"]

    def test_does_not_run_for_a_step_that_was_not_begun(self, harness, script):
        script.answers["fold"] = [Refused("no")]
        ref = harness.run(harness.saga(then(script.step("fold")), then(script.step("cut"))))
        assert script.calls == ["fold", "un_fold", "when_undone"]
        assert harness.steps(ref) == {"fold": "undone", "cut": "pending"}


class TestPastThePivot:
    def test_a_failure_opens_an_incident_and_undoes_nothing(self, harness, script):
        script.answers["cut"] = [Refused("no")]
        saga = harness.saga(then(script.step("fold"), pivot=True), then(script.step("cut")))
        ref = harness.run(saga)
        [incident] = harness.incidents(ref)
        assert (incident.step, incident.phase, incident.attempts) == ("cut", "running", 1)
        assert script.calls == ["fold", "cut"]

    def test_a_failing_afterwards_step_opens_one_too(self, harness, script):
        script.answers["show"] = [Refused("no")]
        ref = harness.run(harness.saga(then(script.step("fold")), afterwards(script.step("show"))))
        [incident] = harness.incidents(ref)
        assert (incident.step, incident.phase) == ("show", "finishing")
        assert script.calls == ["fold", "when_done", "show"]

    def test_afterwards_steps_are_waited_for(self, harness, script):
        saga = harness.saga(then(script.step("fold")), afterwards(script.step("show"), script.step("tell")))
        ref, deliveries = harness.start(saga)
        deliveries.deliver_next("saga.advance")
        assert harness.state(ref) == "finishing"
        deliveries.deliver_next("toys.tell")
        assert harness.state(ref) == "finishing"
        deliveries.deliver_next("toys.show")
        assert harness.state(ref) == "done"

    def test_afterwards_steps_do_not_run_before_the_completion(self, harness, script):
        saga = harness.saga(then(script.step("fold")), afterwards(script.step("show")))
        _, deliveries = harness.start(saga)
        deliveries.deliver({**deliveries.tasks[0], "task": "toys.show"})
        assert script.calls == []

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_stuck_saga_ignores_messages(self, harness, script, when):
        script.answers["cut"] = [Refused("no")]
        saga = harness.saga(then(script.step("fold"), pivot=True), then(script.step("cut")))
        ref, deliveries = harness.start(saga)
        message = deliveries.tasks[0]
        deliveries.deliver_all()
        deliveries.deliver(message)
        assert script.calls == ["fold", "cut"]
        assert harness.state(ref) == "stuck"


class TestStopRequest:
    def test_is_granted_before_the_pivot(self, harness, script):
        saga = harness.saga(together(script.step("fold"), script.step("cut")), then(script.step("glue"), pivot=True))
        ref, deliveries = harness.start(saga)
        deliveries.deliver_next("toys.fold")
        harness.stop(ref, deliveries)
        deliveries.deliver_all()
        assert script.calls == ["fold", "cut", "un_cut", "un_fold", "when_undone"]
        assert harness.timeline(ref).saga.failure == {"code": "cancelled", "step": None, "detail": "not wanted"}

    @pytest.mark.parametrize("continue_inline", [True, False])
    def test_is_granted_before_a_later_parallel_stage(self, harness, script, continue_inline):
        fold, cut, glue, pack = (script.step(name) for name in ("fold", "cut", "glue", "pack"))
        ref, deliveries = harness.start(harness.saga(together(fold, cut), together(glue, pack)))
        deliveries.continue_inline = continue_inline
        deliveries.deliver_next("toys.fold")
        harness.stop(ref, deliveries)
        deliveries.deliver_all()
        assert script.calls == ["fold", "cut", "un_cut", "un_fold", "when_undone"]
        assert harness.steps(ref) == {"fold": "undone", "cut": "undone", "glue": "pending", "pack": "pending"}

    def test_is_granted_before_anything_is_begun(self, harness, script):
        ref, deliveries = harness.start(harness.saga(then(script.step("fold"))))
        harness.stop(ref, deliveries)
        deliveries.deliver_all()
        assert script.calls == ["when_undone"]
        assert harness.state(ref) == "undone"

    def test_does_not_interrupt_a_step_that_has_begun(self, harness, script):
        script.answers["fold"] = [TryAgain("busy")]
        ref, deliveries = harness.start(harness.saga(then(script.step("fold"), pivot=True), then(script.step("cut"))))
        deliveries.deliver_next("saga.advance")
        harness.stop(ref, deliveries)
        deliveries.deliver_all()
        assert script.calls == ["fold", "fold", "cut", "when_done"]

    def test_is_not_granted_by_a_saga_that_is_never_undone(self, harness, script):
        ref, deliveries = harness.start(harness.saga(then(script.step("fold", undo=False)), undoable=False))
        harness.stop(ref, deliveries)
        deliveries.deliver_all()
        assert harness.state(ref) == "done"
