from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from kit.errors import Conflict
from saga.engine.definition import afterwards, then, together
from saga.engine.errors import InProgress, Refused, TryAgain
from saga.engine.retries import Retries
from tests.saga.engine.workshop import outbox


class Broken(Conflict):
    """It is broken."""

    code = "broken"


class TestAParallelStage:
    @pytest.fixture
    def saga(self, workshop, script):
        return workshop.saga(together(script.step("fold"), script.step("cut")), then(script.step("glue")))

    def test_is_sent_as_a_chord_whose_body_advances_the_saga(self, workshop, saga):
        with_chord = workshop.start
        ref, deliveries = with_chord(saga)
        assert [task["task"] for task in deliveries.tasks] == ["toys.fold", "toys.cut"]
        assert {task["kwargs"]["saga_id"] for task in deliveries.tasks} == {str(ref.saga_id)}

    def test_is_left_after_the_last_answer(self, workshop, saga):
        _, deliveries = workshop.start(saga)
        deliveries.deliver_next("toys.cut")
        assert [task["task"] for task in deliveries.tasks] == ["toys.fold"]
        deliveries.deliver_next("toys.fold")
        assert [task["task"] for task in deliveries.tasks] == ["saga.advance"]

    def test_is_not_joined_by_a_duplicate(self, workshop, saga, script):
        _, deliveries = workshop.start(saga)
        duplicate = deliveries.tasks[0]
        deliveries.deliver(duplicate)
        deliveries.deliver(duplicate)
        deliveries.collect()
        assert "saga.advance" not in {task["task"] for task in deliveries.tasks}
        assert script.calls == ["fold"]

    def test_waits_for_all_answers_before_it_compensates(self, workshop, saga, script):
        script.answers["fold"] = [Refused("no")]
        ref, deliveries = workshop.start(saga)
        deliveries.deliver_next("toys.fold")
        assert workshop.state(ref) == "running"
        deliveries.until_quiet()
        assert workshop.state(ref) == "undone"
        assert script.calls == ["fold", "cut", "un_cut", "un_fold", "when_undone"]

    def test_gives_the_first_failure_in_order_when_several_steps_fail(self, workshop, saga, script):
        script.answers |= {"fold": [Refused("torn", "in two")], "cut": [Refused("blunt")]}
        ref = workshop.run(saga)
        assert workshop.timeline(ref).saga.failure == {"code": "torn", "detail": "in two", "step": "fold"}


class TestAStep:
    @pytest.fixture
    def saga(self, workshop, script):
        return workshop.saga(then(script.step("fold")), then(script.step("cut")))

    def test_runs_once_when_its_message_is_delivered_twice(self, workshop, saga, script):
        ref, deliveries = workshop.start(saga)
        message = deliveries.tasks[0]
        deliveries.deliver(message)
        deliveries.deliver(message)
        assert script.calls == ["fold", "cut", "when_done"]
        assert workshop.state(ref) == "done"

    def test_that_raises_a_domain_error_is_refused(self, workshop, saga, script):
        script.answers["cut"] = [Broken("the blade is blunt")]
        ref = workshop.run(saga)
        assert workshop.timeline(ref).saga.failure == {
            "code": "broken", "detail": "the blade is blunt", "step": "cut",
        }  # fmt: skip
        # What stood before it in the transaction that failed is taken again, in one of its own.
        assert script.calls == ["fold", "cut", "fold", "un_cut", "un_fold", "when_undone"]
        assert workshop.events(ref)[:4] == ["started", "fold begun", "fold done", "advanced"]

    def test_that_raises_another_error_has_its_message_in_the_log_only(self, workshop, saga, script):
        script.answers["cut"] = [error := ValueError("key 5 of table secrets")] * 20
        with capture_logs() as said:
            ref = workshop.run(saga)
        assert workshop.timeline(ref).saga.failure == {"code": "ValueError", "detail": None, "step": "cut"}
        assert {line["exc_info"] for line in said if line["event"] == "step failed unexpectedly"} == {error}

    def test_that_raises_another_error_is_retried(self, workshop, saga, script):
        script.answers["cut"] = [ValueError("?"), ValueError("?")]
        ref = workshop.run(saga)
        assert workshop.state(ref) == "done"
        assert script.calls == ["fold", "cut", "fold", "cut", "cut", "when_done"]
        assert [event for event in workshop.events(ref) if event.startswith("fold")] == ["fold begun", "fold done"]

    def test_has_its_outcome_in_the_journal(self, workshop, saga, script):
        script.answers["fold"] = [{"pages": 16}]
        ref = workshop.run(saga)
        assert workshop.timeline(ref).steps[0].outcome == {"pages": 16}

    def test_makes_one_external_call_only(self, workshop, script):
        def fold(subject):
            yield lambda: None
            yield lambda: None

        only = script.step("fold", retries=Retries(limit=1))
        only.function = fold
        ref = workshop.run(workshop.saga(then(only)))
        assert workshop.timeline(ref).saga.failure["code"] == "AssertionError"


class TestRetrying:
    def test_waits_in_the_outbox_until_it_is_due(self, workshop, script):
        script.answers["fold"] = [TryAgain("busy")]
        ref, deliveries = workshop.start(workshop.saga(then(script.step("fold"))))
        deliveries.deliver(deliveries.tasks.pop())
        [step] = workshop.timeline(ref).steps
        [(available_at,)] = workshop.sql("SELECT available_at FROM outbox")
        assert (step.attempts, step.error, available_at) == (1, {"code": "busy", "detail": None}, step.retry_at)

    def test_ends_when_the_limit_is_reached(self, workshop, script):
        script.answers["fold"] = [TryAgain("busy")] * 9
        ref = workshop.run(workshop.saga(then(script.step("fold", retries=Retries(limit=3)))))
        assert script.calls == ["fold", "fold", "fold", "un_fold", "when_undone"]
        assert workshop.timeline(ref).saga.failure["code"] == "busy"

    def test_counts_no_attempt_while_another_worker_makes_one(self, workshop, script):
        script.answers["fold"] = [InProgress("taken")] * 9
        ref = workshop.run(workshop.saga(then(script.step("fold", retries=Retries(limit=3)))))
        assert (workshop.state(ref), script.calls.count("fold")) == ("done", 10)

    def test_counts_the_attempts_of_each_step(self, workshop, script):
        script.answers |= {"fold": [TryAgain("busy")] * 4, "cut": [TryAgain("busy")] * 4}
        ref = workshop.run(workshop.saga(together(script.step("fold"), script.step("cut"))))
        assert workshop.state(ref) == "done"
        assert [step.attempts for step in workshop.timeline(ref).steps] == [5, 5]

    def test_rolls_back_an_attempt_that_raised(self, workshop, script):
        def fold(subject):
            outbox_of_the_attempt()
            raise ValueError

        def outbox_of_the_attempt():
            from kit.messaging import outbox as out  # noqa: PLC0415

            out.publish("paper.folded", {}, subject=workshop.company_id, company_id=workshop.company_id)

        only = script.step("fold", retries=Retries(limit=1))
        only.function = fold
        _, deliveries = workshop.start(workshop.saga(then(only)))
        deliveries.events.clear()
        deliveries.until_quiet()
        assert deliveries.events == []

    @pytest.mark.parametrize("attempts", [1, 2, 5, 50])
    def test_pauses_at_least_half_of_the_step_and_at_most_the_longest(self, attempts):
        retries = Retries(first=0.5, longest=30)
        ceiling = min(30, 0.5 * 2 ** (attempts - 1))
        pauses = [retries.pause_after(attempts) for _ in range(200)]
        assert timedelta(seconds=ceiling / 2) <= min(pauses)
        assert max(pauses) <= timedelta(seconds=ceiling)
        assert len(set(pauses)) > 100


class TestAnUndo:
    @pytest.fixture
    def saga(self, workshop, script):
        script.answers["cut"] = [Refused("no")]
        fold = script.step("fold")
        fold.undo_retries = Retries(limit=3)
        return workshop.saga(then(fold), then(script.step("cut")))

    @pytest.mark.parametrize("trouble", [TryAgain("busy"), Refused("no"), Broken(), ValueError()])
    def test_is_retried_after_any_failure(self, workshop, saga, script, trouble):
        script.answers["un_fold"] = [trouble]
        ref = workshop.run(saga)
        assert workshop.state(ref) == "undone"
        assert script.calls == ["fold", "cut", "un_cut", "un_fold", "un_fold", "when_undone"]

    def test_opens_an_incident_when_its_retries_are_used_up(self, workshop, saga, script):
        script.answers["un_fold"] = [TryAgain("busy", "come back later")] * 3
        ref = workshop.run(saga)
        [incident] = workshop.incidents(ref)
        assert (incident.step, incident.phase, incident.attempts) == ("fold", "compensating", 3)
        assert incident.error == {"code": "busy", "detail": "come back later"}
        assert incident.resolved_at is None
        assert workshop.state(ref) == "stuck"

    def test_that_is_delivered_twice_runs_once(self, workshop, saga, script):
        _, deliveries = workshop.start(saga)
        deliveries.deliver_next("saga.advance")
        [undo] = deliveries.tasks
        deliveries.deliver(undo)
        deliveries.deliver(undo)
        deliveries.until_quiet()
        assert script.calls == ["fold", "cut", "un_cut", "un_fold", "when_undone"]

    def test_is_ignored_while_the_saga_runs(self, workshop, saga, script):
        ref, deliveries = workshop.start(saga)
        deliveries.deliver({**deliveries.tasks[0], "task": "toys.un_fold"})
        assert script.calls == []
        assert workshop.state(ref) == "running"

    def test_is_ignored_while_another_undo_is_due(self, workshop, saga, script):
        _, deliveries = workshop.start(saga)
        deliveries.deliver_next("saga.advance")
        deliveries.deliver({**deliveries.tasks[0], "task": "toys.un_fold"})
        assert script.calls == ["fold", "cut"]

    def test_does_not_run_for_a_step_that_was_not_begun(self, workshop, script):
        script.answers["fold"] = [Refused("no")]
        ref = workshop.run(workshop.saga(then(script.step("fold")), then(script.step("cut"))))
        assert script.calls == ["fold", "un_fold", "when_undone"]
        assert workshop.steps(ref) == {"fold": "undone", "cut": "pending"}


class TestPastThePivot:
    def test_a_failure_opens_an_incident_and_undoes_nothing(self, workshop, script):
        script.answers["cut"] = [Refused("no")]
        saga = workshop.saga(then(script.step("fold"), pivot=True), then(script.step("cut")))
        ref = workshop.run(saga)
        [incident] = workshop.incidents(ref)
        assert (incident.step, incident.phase, incident.attempts) == ("cut", "running", 1)
        assert script.calls == ["fold", "cut"]

    def test_a_failing_afterwards_step_opens_one_too(self, workshop, script):
        script.answers["show"] = [Refused("no")]
        ref = workshop.run(workshop.saga(then(script.step("fold")), afterwards(script.step("show"))))
        [incident] = workshop.incidents(ref)
        assert (incident.step, incident.phase) == ("show", "finishing")
        assert script.calls == ["fold", "when_done", "show"]

    def test_afterwards_steps_are_waited_for(self, workshop, script):
        saga = workshop.saga(then(script.step("fold")), afterwards(script.step("show"), script.step("tell")))
        ref, deliveries = workshop.start(saga)
        deliveries.deliver_next("saga.advance")
        assert workshop.state(ref) == "finishing"
        deliveries.deliver_next("toys.tell")
        assert workshop.state(ref) == "finishing"
        deliveries.deliver_next("toys.show")
        assert workshop.state(ref) == "done"

    def test_afterwards_steps_do_not_run_before_the_completion(self, workshop, script):
        saga = workshop.saga(then(script.step("fold")), afterwards(script.step("show")))
        _, deliveries = workshop.start(saga)
        deliveries.deliver({**deliveries.tasks[0], "task": "toys.show"})
        assert script.calls == []

    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_stuck_saga_ignores_messages(self, workshop, script, when):
        script.answers["cut"] = [Refused("no")]
        saga = workshop.saga(then(script.step("fold"), pivot=True), then(script.step("cut")))
        ref, deliveries = workshop.start(saga)
        message = deliveries.tasks[0]
        deliveries.until_quiet()
        deliveries.deliver(message)
        assert script.calls == ["fold", "cut"]
        assert workshop.state(ref) == "stuck"


class TestStopRequest:
    def test_is_granted_before_the_pivot(self, workshop, script):
        saga = workshop.saga(together(script.step("fold"), script.step("cut")), then(script.step("glue"), pivot=True))
        ref, deliveries = workshop.start(saga)
        deliveries.deliver_next("toys.fold")
        workshop.stop(ref, deliveries)
        deliveries.until_quiet()
        assert script.calls == ["fold", "cut", "un_cut", "un_fold", "when_undone"]
        assert workshop.timeline(ref).saga.failure == {"code": "cancelled", "step": None, "detail": "not wanted"}

    def test_is_granted_before_anything_is_begun(self, workshop, script):
        ref, deliveries = workshop.start(workshop.saga(then(script.step("fold"))))
        workshop.stop(ref, deliveries)
        deliveries.until_quiet()
        assert script.calls == ["when_undone"]
        assert workshop.state(ref) == "undone"

    def test_does_not_interrupt_a_step_that_has_begun(self, workshop, script):
        script.answers["fold"] = [TryAgain("busy")]
        ref, deliveries = workshop.start(workshop.saga(then(script.step("fold"), pivot=True), then(script.step("cut"))))
        deliveries.deliver_next("saga.advance")
        workshop.stop(ref, deliveries)
        deliveries.until_quiet()
        assert script.calls == ["fold", "fold", "cut", "when_done"]

    def test_is_not_granted_by_a_saga_that_is_never_undone(self, workshop, script):
        ref, deliveries = workshop.start(workshop.saga(then(script.step("fold", undo=False)), undoable=False))
        workshop.stop(ref, deliveries)
        deliveries.until_quiet()
        assert workshop.state(ref) == "done"


class TestAHookThatFails:
    """The hook's transaction decides the outcome, so a failing hook leaves the saga unchanged."""

    def test_at_the_end_of_a_step_fails_that_step(self, workshop, script):
        script.answers["when_done"] = [Broken()]
        ref = workshop.run(workshop.saga(then(script.step("fold"))))
        assert workshop.timeline(ref).saga.failure == {"code": "broken", "detail": "It is broken.", "step": "fold"}

    def test_past_the_pivot_opens_an_incident(self, workshop, script):
        script.answers["when_done"] = [Broken()]
        ref = workshop.run(workshop.saga(then(script.step("fold"), pivot=True), then(script.step("cut"))))
        [incident] = workshop.incidents(ref)
        assert (incident.step, incident.error["code"]) == ("cut", "broken")

    def test_at_the_end_of_an_undo_retries_the_undo(self, workshop, script):
        script.answers |= {"fold": [Refused("no")], "when_undone": [ValueError()]}
        ref = workshop.run(workshop.saga(then(script.step("fold"))))
        assert workshop.state(ref) == "undone"

    @pytest.mark.parametrize("error", [Broken(), ValueError("?")])
    def test_at_the_end_of_a_parallel_stage_opens_an_incident(self, workshop, script, error):
        script.answers["when_done"] = [error]
        ref = workshop.run(workshop.saga(together(script.step("fold"), script.step("cut"))))
        [incident] = workshop.incidents(ref)
        assert (incident.step, incident.phase) == ("cut", "running")
        assert workshop.state(ref) == "stuck"

    def test_where_nothing_was_begun_opens_an_incident(self, workshop, script):
        script.answers["when_undone"] = [Broken()]
        ref, deliveries = workshop.start(workshop.saga(then(script.step("fold"))))
        workshop.stop(ref, deliveries)
        deliveries.until_quiet()
        assert workshop.state(ref) == "stuck"
        assert outbox() == []
