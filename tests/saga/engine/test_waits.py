"""Sagas that wait for a signal: what waiting is, when it expires, and where in a saga it may be."""

import pytest

from saga.engine import journal
from saga.engine.definition import then, together, wait_for
from saga.engine.sweep import sweep
from saga.engine.waits import Signal
from tests.saga.engine.saga_harness import outbox
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED, YES

DONE = ["fold", "cut", "when_done"]
UNDONE = ["fold", "un_fold", "when_undone"]


class TestAWaitingSaga:
    def test_holds_nothing_but_its_journal(self, harness, make, reach):
        ref, deliveries = reach(make())
        assert (outbox(), deliveries.tasks) == ([], [])
        [waiting] = [event for event in harness.timeline(ref).events if event.event == "waiting"]
        saga = harness.timeline(ref).saga
        assert saga.due_at == waiting.happened_at + A_DAY
        assert waiting.detail == {"until": saga.due_at.isoformat()}

    def test_is_not_swept_before_its_expiry(self, harness, make, reach):
        ref, deliveries = reach(make(deadline=-5))  # a saga that does not wait would be due at once
        assert sweep(deliveries.find) == 0
        assert (harness.state(ref), outbox()) == ("waiting", [])

    def test_is_stuck_where_its_wait_could_not_be_written(self, harness, script, monkeypatch):
        wait = wait_for(CONFIRMED, expires=A_DAY, on_expiry="undo")
        ref, deliveries = harness.start(harness.saga(wait, then(script.step("cut"))))
        errors, write_values = [ValueError("?")], journal._write_values

        def failing(*args):
            if errors:
                raise errors.pop()
            return write_values(*args)

        monkeypatch.setattr(journal, "_write_values", failing)
        deliveries.deliver_all()
        [incident] = harness.incidents(ref)
        assert (harness.state(ref), incident.step) == ("stuck", "print.confirmed")

    def test_is_not_moved_by_a_message_that_is_delivered_again(self, harness, make, script):
        ref, deliveries = harness.start(make())
        message = deliveries.tasks[0]
        for _ in range(3):
            deliveries.deliver(message)
        assert harness.state(ref) == "waiting"
        assert harness.events(ref).count("print.confirmed waiting") == 1
        assert script.calls == ["fold"]

    def test_keeps_its_expiry_when_it_is_asked_to_stop_after_the_pivot(self, harness, make, reach):
        ref, deliveries = reach(make("go_on", pivot=True))
        before = harness.timeline(ref).saga.due_at
        harness.stop(ref, deliveries)
        assert (harness.state(ref), harness.timeline(ref).saga.due_at) == ("waiting", before)
        harness.signal(ref, deliveries, CONFIRMED, YES)
        deliveries.deliver_all()
        assert harness.state(ref) == "done"

    def test_is_undone_at_once_when_it_is_asked_to_stop_before_the_pivot(self, harness, make, reach, script):
        ref, deliveries = reach(make())
        harness.stop(ref, deliveries)
        assert harness.state(ref) == "compensating"
        assert harness.signal(ref, deliveries, CONFIRMED, YES) == "late"
        deliveries.deliver_all()
        assert (harness.state(ref), script.calls) == ("undone", UNDONE)
        assert harness.timeline(ref).saga.failure["code"] == "cancelled"
        assert harness.steps(ref) == {"fold": "undone", "print.confirmed": "undone", "cut": "pending"}

    def test_does_not_begin_to_wait_once_it_was_asked_to_stop(self, harness, make, script):
        saga = harness.saga(
            together(script.step("fold"), script.step("glue")),
            wait_for(CONFIRMED, expires=A_DAY, on_expiry="undo"),
            then(script.step("cut")),
        )
        ref, deliveries = harness.start(saga)
        harness.stop(ref, deliveries)
        deliveries.deliver_all()
        assert harness.state(ref) == "undone"
        assert harness.steps(ref)["print.confirmed"] == "pending"


class TestAnExpiry:
    def test_undoes_the_saga(self, harness, make, reach, time_is_up, script):
        ref, deliveries = reach(make("undo"))
        assert time_is_up(deliveries) == 0  # it was not stalled
        assert [task["task"] for task in deliveries.tasks] == ["saga.advance"]
        deliveries.deliver_all()
        assert (harness.state(ref), script.calls) == ("undone", UNDONE)
        failure = harness.timeline(ref).saga.failure
        assert (failure["code"], failure["step"]) == ("wait_expired", "print.confirmed")
        assert harness.steps(ref) == {"fold": "undone", "print.confirmed": "expired", "cut": "pending"}

    def test_goes_on_without_the_signal(self, harness, make, reach, time_is_up, script):
        ref, deliveries = reach(make("go_on"))
        time_is_up(deliveries)
        deliveries.deliver_all()
        assert (harness.state(ref), script.calls) == ("done", DONE)
        assert harness.signal(ref, deliveries, CONFIRMED, YES) == "late"

    @pytest.mark.parametrize("on_expiry", ["go_on", "incident"])
    def test_after_the_pivot_undoes_nothing(self, harness, make, reach, time_is_up, script, on_expiry):
        ref, deliveries = reach(make(on_expiry, pivot=True))
        time_is_up(deliveries)
        deliveries.deliver_all()
        assert harness.state(ref) == {"go_on": "done", "incident": "stuck"}[on_expiry]
        assert "un_fold" not in script.calls

    def test_opens_an_incident(self, harness, make, reach, time_is_up):
        ref, deliveries = reach(make("incident"))
        time_is_up(deliveries)
        assert (harness.state(ref), deliveries.tasks) == ("stuck", [])
        [incident] = harness.incidents(ref)
        assert (incident.step, incident.phase, incident.attempts) == ("print.confirmed", "running", 1)
        assert incident.error["code"] == "wait_expired"

    def test_is_recorded_while_the_outbox_waits_for_the_broker(self, harness, make, reach, time_is_up):
        ref, deliveries = reach(make("incident"))
        harness.sql("""
            INSERT INTO outbox (kind, body, available_at) VALUES ('task', '{}', now() - interval '6 seconds')""")
        harness.expire_deadlines()
        sweep(deliveries.find)
        assert harness.state(ref) == "stuck"

    def test_loses_against_a_signal_that_gets_the_lock_first(self, harness, make, reach):
        ref, deliveries = reach(make("undo"))
        harness.expire_deadlines()
        assert harness.signal(ref, deliveries, CONFIRMED, YES) == "accepted"
        sweep(deliveries.find)
        deliveries.deliver_all()
        assert harness.state(ref) == "done"

    def test_whose_message_is_lost_is_made_up_for(self, harness, make, reach, time_is_up):
        ref, deliveries = reach(make("undo"))
        time_is_up(deliveries)
        deliveries.tasks.clear()
        assert time_is_up(deliveries) == 1
        deliveries.deliver_all()
        assert harness.state(ref) == "undone"


class TestACondition:
    def test_skips_the_wait_where_it_is_false(self, harness, make, script):
        def needs_confirmation(outcomes):
            return outcomes["fold"]["pages"] > 100

        script.answers["fold"] = [{"pages": 16}, {"pages": 160}]
        saga = make(when=needs_confirmation)
        ref, deliveries = harness.start(saga)
        deliveries.deliver_all()
        assert (harness.state(ref), harness.steps(ref)["print.confirmed"]) == ("done", "skipped")
        ref, deliveries = harness.start(saga)
        deliveries.deliver_all()
        assert harness.state(ref) == "waiting"

    def test_ignores_a_signal_that_has_come_for_a_wait_that_is_skipped(self, harness, make):
        def never(outcomes):
            return False

        ref, deliveries = harness.start(make(when=never))
        harness.signal(ref, deliveries, CONFIRMED, YES)
        deliveries.deliver_all()
        assert (harness.state(ref), harness.steps(ref)["print.confirmed"]) == ("done", "skipped")


class TestAWaitsPlace:
    def test_is_first(self, harness, script, time_is_up):
        saga = harness.saga(wait_for(CONFIRMED, expires=A_DAY, on_expiry="undo"), then(script.step("fold")))
        signalled, deliveries = harness.start(saga)
        expired, _ = harness.start(saga, deliveries=deliveries)
        deliveries.deliver_all()
        harness.signal(signalled, deliveries, CONFIRMED, YES)
        time_is_up(deliveries)
        deliveries.deliver_all()
        assert (harness.state(signalled), harness.state(expired)) == ("done", "undone")
        assert sorted(script.calls) == ["fold", "when_done", "when_undone"]

    def test_is_last(self, harness, script):
        saga = harness.saga(then(script.step("fold")), wait_for(CONFIRMED, expires=A_DAY, on_expiry="undo"))
        ref, deliveries = harness.start(saga)
        deliveries.deliver_all()
        harness.signal(ref, deliveries, CONFIRMED, YES)
        assert "when_done" not in script.calls  # the sender does none of the saga's work
        deliveries.deliver_all()
        assert (harness.state(ref), script.calls) == ("done", ["fold", "when_done"])

    @pytest.mark.parametrize("inline", [True, False])
    def test_is_between_two_chords(self, harness, script, inline):
        chords = together(script.step("fold"), script.step("cut")), together(script.step("glue"), script.step("press"))
        saga = harness.saga(chords[0], wait_for(CONFIRMED, expires=A_DAY, on_expiry="undo"), chords[1])
        ref, deliveries = harness.start(saga)
        deliveries.continue_inline = inline
        deliveries.deliver_all()
        assert harness.state(ref) == "waiting"
        harness.signal(ref, deliveries, CONFIRMED, YES)
        deliveries.deliver_all()
        assert (harness.state(ref), script.calls) == ("done", ["fold", "cut", "glue", "press", "when_done"])

    def test_is_after_another_wait(self, harness, script):
        packed = Signal("print.packed")
        waits = [wait_for(each, expires=A_DAY, on_expiry="undo") for each in (CONFIRMED, packed)]
        ref, deliveries = harness.start(harness.saga(*waits, then(script.step("fold"))))
        harness.signal(ref, deliveries, packed, {})
        deliveries.deliver_all()
        assert harness.steps(ref) == {"print.confirmed": "waiting", "print.packed": "pending", "fold": "pending"}
        harness.signal(ref, deliveries, CONFIRMED, YES)
        deliveries.deliver_all()
        assert harness.state(ref) == "done"
