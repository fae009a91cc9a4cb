"""Signals to a saga: before, during and after its wait, twice, with another payload, and with one of another shape."""

from datetime import timedelta

import pytest

from kit import clock
from saga.engine.batch_functions import for_each
from saga.engine.definition import then, wait_for
from saga.engine.errors import Refused, TryAgain
from saga.engine.journal import SagaNotFound
from saga.engine.locked_saga import SagaRef
from saga.engine.retries import Retries
from saga.engine.signals import ConflictingSignal, UnknownSignal
from saga.engine.waits import InvalidPayload, Signal
from tests.retention import prune
from tests.saga.engine.saga_harness import outbox
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED, OTHER, YES, YES_AS_JSON


class TestASignal:
    def test_ends_the_wait_by_a_message_and_runs_no_step_itself(self, harness, make, reach, script):
        ref, deliveries = reach(make())
        assert harness.signal(ref, deliveries, CONFIRMED, YES) == "accepted"
        assert [body["task"] for body in outbox()] == ["saga.advance"]
        assert (harness.state(ref), script.calls) == ("running", ["fold"])
        deliveries.deliver_all()
        assert (harness.state(ref), script.calls) == ("done", ["fold", "cut", "when_done"])
        assert harness.received(ref) == [("accepted", YES_AS_JSON)]

    def test_that_comes_early_is_kept_until_the_saga_is_there(self, harness, make, script):
        ref, deliveries = harness.start(make())
        assert harness.signal(ref, deliveries, CONFIRMED, YES) == "accepted"
        assert outbox() == []
        deliveries.deliver_all()
        assert (harness.state(ref), script.calls) == ("done", ["fold", "cut", "when_done"])
        assert "print.confirmed waiting" not in harness.events(ref)

    def test_that_comes_again_changes_nothing(self, harness, make, reach):
        ref, deliveries = reach(make())
        harness.signal(ref, deliveries, CONFIRMED, YES)
        events = harness.events(ref)
        assert harness.signal(ref, deliveries, CONFIRMED, YES_AS_JSON) == "repeated"
        assert (harness.events(ref), len(outbox())) == (events, 1)
        deliveries.deliver_all()
        assert harness.signal(ref, deliveries, CONFIRMED, YES) == "repeated"
        assert harness.received(ref) == [("accepted", YES_AS_JSON)]

    @pytest.mark.parametrize("early", [True, False])
    def test_with_another_payload_is_recorded_and_refused(self, harness, make, early):
        ref, deliveries = harness.start(make())
        if not early:
            deliveries.deliver_all()
        harness.signal(ref, deliveries, CONFIRMED, YES)
        for _ in range(2):
            with pytest.raises(ConflictingSignal, match="before, with another payload"):
                harness.signal(ref, deliveries, CONFIRMED, OTHER)
        deliveries.deliver_all()
        assert harness.state(ref) == "done"
        assert harness.received(ref) == [("accepted", YES_AS_JSON), ("conflicting", {**YES_AS_JSON, "copies": 3})]
        assert harness.timeline(ref).steps[1].outcome == YES_AS_JSON

    def test_that_comes_after_the_expiry_is_recorded_and_changes_nothing(self, harness, make, reach, time_is_up):
        ref, deliveries = reach(make())
        time_is_up(deliveries)
        for _ in range(2):
            assert harness.signal(ref, deliveries, CONFIRMED, YES) == "late"
        deliveries.deliver_all()
        assert harness.state(ref) == "undone"
        assert harness.signal(ref, deliveries, CONFIRMED, OTHER) == "late"
        assert [result for result, _ in harness.received(ref)] == ["late", "late"]
        assert (harness.state(ref), outbox()) == ("undone", [])

    def test_that_comes_after_the_end_of_a_saga_that_failed_before_its_wait_is_late(self, harness, make, script):
        script.answers["fold"] = [Refused("torn")]
        ref, deliveries = harness.start(make())
        deliveries.deliver_all()
        assert harness.signal(ref, deliveries, CONFIRMED, YES) == "late"
        assert harness.state(ref) == "undone"

    def test_that_comes_while_an_undo_is_stuck_is_late(self, harness, make, script):
        saga = make()
        saga.steps["fold"].undo_retries = Retries(limit=1)
        script.answers |= {"fold": [Refused("torn")], "un_fold": [TryAgain("busy")]}
        ref, deliveries = harness.start(saga)
        deliveries.deliver_all()
        assert harness.state(ref) == "stuck"
        assert harness.signal(ref, deliveries, CONFIRMED, YES) == "late"

    def test_is_not_shown_to_another_company(self, harness, make, reach):
        ref, deliveries = reach(make())
        other = SagaRef(ref.saga_id, type(harness)(harness.database).company_id)
        with pytest.raises(SagaNotFound):
            harness.signal(other, deliveries, CONFIRMED, YES)
        assert (harness.state(ref), harness.received(ref)) == ("waiting", [])

    def test_hands_its_payload_to_later_steps(self, harness, make, reach):
        seen = []

        def cut(subject):
            seen.append(CONFIRMED.payload_in(subject.outcomes))

        saga = make()
        saga.steps["cut"].function = for_each(cut)
        ref, deliveries = reach(saga)
        harness.signal(ref, deliveries, CONFIRMED, YES)
        deliveries.deliver_all()
        assert seen == [YES]

    @pytest.mark.parametrize(
        ("payload", "field", "problem"),
        [
            ({"confirmed_by": YES_AS_JSON["confirmed_by"]}, "copies", "Field required"),
            ({**YES_AS_JSON, "copies": "2"}, "copies", "Input should be a valid integer"),
            ({**YES_AS_JSON, "confirmed_by": "ada"}, "confirmed_by", "Input should be a valid UUID"),
            ({**YES_AS_JSON, "colour": "red"}, "colour", "Unexpected"),
            ([], "payload", "Input should be an object"),
        ],
        ids=["missing", "wrong type", "no UUID", "unknown field", "no object"],
    )
    def test_of_another_shape_is_refused_precisely(self, harness, make, reach, payload, field, problem):
        ref, deliveries = reach(make())
        with pytest.raises(InvalidPayload) as refused:
            harness.signal(ref, deliveries, CONFIRMED, payload)
        assert refused.value.fields.keys() == {field}
        assert refused.value.fields[field][0].startswith(problem)
        assert (harness.state(ref), harness.received(ref)) == ("waiting", [])

    def test_without_payload_is_an_empty_object(self, harness, script):
        ready = Signal("print.ready")
        saga = harness.saga(wait_for(ready, expires=A_DAY, on_expiry="incident"), then(script.step("cut")))
        ref, deliveries = harness.start(saga)
        deliveries.deliver_all()
        assert harness.signal(ref, deliveries, ready, {}) == "accepted"
        assert harness.signal(ref, deliveries, ready, {}) == "repeated"
        deliveries.deliver_all()
        assert harness.state(ref) == "done"

    def test_that_no_wait_is_for_is_refused(self, harness, make, reach):
        ref, deliveries = reach(make())
        with pytest.raises(UnknownSignal, match=r"has no wait for print.lost; its signals: print.confirmed"):
            harness.signal(ref, deliveries, Signal("print.lost"), {})

    def test_is_deleted_with_the_journal(self, harness, make, reach):
        ref, deliveries = reach(make())
        harness.signal(ref, deliveries, CONFIRMED, YES)
        deliveries.deliver_all()
        assert prune(before=clock.now() + timedelta(days=1)) == 1
        assert harness.received(ref) == []
