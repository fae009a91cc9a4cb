from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from saga.engine.batch_functions import for_each
from saga.engine.definition import then, together
from saga.engine.errors import InProgress, Refused, TryAgain
from saga.engine.retries import Retries
from tests.saga.engine.saga_harness import Broken, outbox


class TestAParallelStage:
    @pytest.fixture
    def saga(self, harness, script):
        return harness.saga(together(script.step("fold"), script.step("cut")), then(script.step("glue")))

    def test_is_sent_as_a_chord_whose_body_advances_the_saga(self, harness, saga):
        with_chord = harness.start
        ref, deliveries = with_chord(saga)
        assert [task["task"] for task in deliveries.tasks] == ["toys.fold", "toys.cut"]
        assert {task["kwargs"]["saga_id"] for task in deliveries.tasks} == {str(ref.saga_id)}

    def test_is_left_after_the_last_answer(self, harness, saga):
        _, deliveries = harness.start(saga)
        deliveries.deliver_next("toys.cut")
        assert [task["task"] for task in deliveries.tasks] == ["toys.fold"]
        deliveries.deliver_next("toys.fold")
        assert [task["task"] for task in deliveries.tasks] == ["saga.advance"]

    def test_is_not_joined_by_a_duplicate(self, harness, saga, script):
        _, deliveries = harness.start(saga)
        duplicate = deliveries.tasks[0]
        deliveries.deliver(duplicate)
        deliveries.deliver(duplicate)
        deliveries.collect()
        assert "saga.advance" not in {task["task"] for task in deliveries.tasks}
        assert script.calls == ["fold"]

    def test_waits_for_all_answers_before_it_compensates(self, harness, saga, script):
        script.answers["fold"] = [Refused("no")]
        ref, deliveries = harness.start(saga)
        deliveries.deliver_next("toys.fold")
        assert harness.state(ref) == "running"
        deliveries.deliver_all()
        assert harness.state(ref) == "undone"
        assert script.calls == ["fold", "cut", "un_cut", "un_fold", "when_undone"]

    def test_gives_the_first_failure_in_order_when_several_steps_fail(self, harness, saga, script):
        script.answers |= {"fold": [Refused("torn", "in two")], "cut": [Refused("blunt")]}
        ref = harness.run(saga)
        assert harness.timeline(ref).saga.failure == {"code": "torn", "detail": "in two", "step": "fold"}


class TestAStep:
    @pytest.fixture
    def saga(self, harness, script):
        return harness.saga(then(script.step("fold")), then(script.step("cut")))

    def test_runs_once_when_its_message_is_delivered_twice(self, harness, saga, script):
        ref, deliveries = harness.start(saga)
        message = deliveries.tasks[0]
        deliveries.deliver(message)
        deliveries.deliver(message)
        assert script.calls == ["fold", "cut", "when_done"]
        assert harness.state(ref) == "done"

    def test_that_raises_a_domain_error_is_refused(self, harness, saga, script):
        script.answers["cut"] = [Broken("the blade is blunt")]
        ref = harness.run(saga)
        assert harness.timeline(ref).saga.failure == {
            "code": "broken", "detail": "the blade is blunt", "step": "cut",
        }  # fmt: skip
        # What stood before it in the transaction that failed is taken again, in another transaction.
        assert script.calls == ["fold", "cut", "fold", "un_cut", "un_fold", "when_undone"]
        assert harness.events(ref)[:4] == ["started", "fold begun", "fold done", "advanced"]

    def test_that_raises_another_error_has_its_message_in_the_log_only(self, harness, saga, script):
        script.answers["cut"] = [error := ValueError("key 5 of table secrets")] * 20
        with capture_logs() as said:
            ref = harness.run(saga)
        assert harness.timeline(ref).saga.failure == {"code": "ValueError", "detail": None, "step": "cut"}
        assert {line["exc_info"] for line in said if line["event"] == "step failed unexpectedly"} == {error}

    def test_that_raises_another_error_is_retried(self, harness, saga, script):
        script.answers["cut"] = [ValueError("?"), ValueError("?")]
        ref = harness.run(saga)
        assert harness.state(ref) == "done"
        assert script.calls == ["fold", "cut", "fold", "cut", "cut", "when_done"]
        assert [event for event in harness.events(ref) if event.startswith("fold")] == ["fold begun", "fold done"]

    def test_has_its_outcome_in_the_journal(self, harness, saga, script):
        script.answers["fold"] = [{"pages": 16}]
        ref = harness.run(saga)
        assert harness.timeline(ref).steps[0].outcome == {"pages": 16}

    def test_makes_one_external_call_only(self, harness, script):
        def fold(subject):
            yield lambda: None
            yield lambda: None

        only = script.step("fold", retries=Retries(limit=1))
        only.function = for_each(fold)
        ref = harness.run(harness.saga(then(only)))
        assert harness.timeline(ref).saga.failure["code"] == "AssertionError"


class TestRetrying:
    def test_waits_in_the_outbox_until_it_is_due(self, harness, script):
        script.answers["fold"] = [TryAgain("busy")]
        ref, deliveries = harness.start(harness.saga(then(script.step("fold"))))
        deliveries.deliver(deliveries.tasks.pop())
        [step] = harness.timeline(ref).steps
        [(available_at,)] = harness.sql("SELECT available_at FROM outbox")
        assert (step.attempts, step.error, available_at) == (1, {"code": "busy", "detail": None}, step.retry_at)

    def test_ends_when_the_limit_is_reached(self, harness, script):
        script.answers["fold"] = [TryAgain("busy")] * 9
        ref = harness.run(harness.saga(then(script.step("fold", retries=Retries(limit=3)))))
        assert script.calls == ["fold", "fold", "fold", "un_fold", "when_undone"]
        assert harness.timeline(ref).saga.failure["code"] == "busy"

    def test_counts_no_attempt_while_another_worker_makes_one(self, harness, script):
        script.answers["fold"] = [InProgress("taken")] * 9
        ref = harness.run(harness.saga(then(script.step("fold", retries=Retries(limit=3)))))
        assert (harness.state(ref), script.calls.count("fold")) == ("done", 10)

    def test_counts_the_attempts_of_each_step(self, harness, script):
        script.answers |= {"fold": [TryAgain("busy")] * 4, "cut": [TryAgain("busy")] * 4}
        ref = harness.run(harness.saga(together(script.step("fold"), script.step("cut"))))
        assert harness.state(ref) == "done"
        assert [step.attempts for step in harness.timeline(ref).steps] == [5, 5]

    @pytest.mark.undeclared_events
    def test_rolls_back_an_attempt_that_raised(self, harness, script):
        def fold(subject):
            outbox_of_the_attempt()
            raise ValueError

        def outbox_of_the_attempt():
            from kit.messaging import outbox as out  # noqa: PLC0415

            out.publish("paper.folded", {}, subject=harness.company_id, company_id=harness.company_id)

        only = script.step("fold", retries=Retries(limit=1))
        only.function = for_each(fold)
        _, deliveries = harness.start(harness.saga(then(only)))
        deliveries.events.clear()
        deliveries.deliver_all()
        assert deliveries.events == []

    @pytest.mark.parametrize("attempts", [1, 2, 5, 50])
    def test_pauses_at_least_half_of_the_step_and_at_most_the_longest(self, attempts):
        retries = Retries(first=0.5, longest=30)
        ceiling = min(30, 0.5 * 2 ** (attempts - 1))
        pauses = [retries.pause_after(attempts) for _ in range(200)]
        assert timedelta(seconds=ceiling / 2) <= min(pauses)
        assert max(pauses) <= timedelta(seconds=ceiling)
        assert len(set(pauses)) > 100


class TestAHookThatFails:
    """The hook's transaction decides the outcome, so a failing hook leaves the saga unchanged."""

    def test_at_the_end_of_a_step_fails_that_step(self, harness, script):
        script.answers["when_done"] = [Broken()]
        ref = harness.run(harness.saga(then(script.step("fold"))))
        assert harness.timeline(ref).saga.failure == {"code": "broken", "detail": "It is broken.", "step": "fold"}

    def test_past_the_pivot_opens_an_incident(self, harness, script):
        script.answers["when_done"] = [Broken()]
        ref = harness.run(harness.saga(then(script.step("fold"), pivot=True), then(script.step("cut"))))
        [incident] = harness.incidents(ref)
        assert (incident.step, incident.error["code"]) == ("cut", "broken")

    def test_at_the_end_of_an_undo_retries_the_undo(self, harness, script):
        script.answers |= {"fold": [Refused("no")], "when_undone": [ValueError()]}
        ref = harness.run(harness.saga(then(script.step("fold"))))
        assert harness.state(ref) == "undone"

    @pytest.mark.parametrize("error", [Broken(), ValueError("?")])
    def test_at_the_end_of_a_parallel_stage_opens_an_incident(self, harness, script, error):
        script.answers["when_done"] = [error]
        ref = harness.run(harness.saga(together(script.step("fold"), script.step("cut"))))
        [incident] = harness.incidents(ref)
        assert (incident.step, incident.phase) == ("cut", "running")
        assert harness.state(ref) == "stuck"

    def test_where_nothing_was_begun_opens_an_incident(self, harness, script):
        script.answers["when_undone"] = [Broken()]
        ref, deliveries = harness.start(harness.saga(then(script.step("fold"))))
        harness.stop(ref, deliveries)
        deliveries.deliver_all()
        assert harness.state(ref) == "stuck"
        assert outbox() == []
