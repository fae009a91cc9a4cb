"""The events of a saga name the request or the event that it results from; a chain of reactions goes on through it."""

import pytest

from kit import clock, db
from kit.ids import new_id
from kit.messaging import causation, kept_events, outbox
from kit.messaging.cloud_events import CloudEvent
from kit.tenancy import Tenant
from saga.engine.definition import Saga, together
from saga.engine.start import start
from saga.reactions.table import REACTIONS
from tests.requests import TRACEPARENT, in_request
from tests.saga.message_deliveries import Deliveries
from workers.events import reactions

QUEUE = "notification.events"

pytestmark = pytest.mark.undeclared_events


@pytest.fixture
def toy(harness, script):
    """A saga that publishes `toy.ended` when it is done."""

    def publish(endings):
        for ending in endings:
            outbox.publish("toy.ended", {}, subject=ending.subject.id, company_id=harness.company_id)

    steps = together(script.step("fold"), script.step("cut"))
    return Saga("toy", steps, when_done=publish, when_undone=script.hook("when_undone"))


@pytest.fixture
def deliveries(toy):
    return Deliveries((toy,))


@pytest.fixture
def started_by(toy, harness, monkeypatch):
    """Process events with a reaction that starts the saga about the subject of each."""

    def react(events, now):
        for event in events:
            start(toy, subject_id=event.subject, company_id=event.company_id, now=now)

    monkeypatch.setitem(REACTIONS[QUEUE], "toy.begun", react)
    return lambda *events: reactions.process(QUEUE, events)


@pytest.fixture
def ended(deliveries):
    """Run all sagas, in batches; the events that they have published, by their subject."""

    def running():
        deliveries.deliver_all_in_batches()
        with db.operator_transaction():
            ids = [id_ for (id_,) in db.run("SELECT id FROM events WHERE type = 'toy.ended'", {})]
            return {event.subject: event for event in kept_events.read(ids)}

    return running


def begun(harness, **attributes):
    return CloudEvent(new_id(), harness.company_id, "toy.begun", new_id(), {}, **attributes)


class TestAnEventOfASaga:
    def test_names_the_event_that_started_the_saga(self, harness, started_by, ended):
        first = begun(harness, request_id="one", traceparent=TRACEPARENT, correlation_id=new_id(), hops=3)
        second = begun(harness, request_id="two")
        started_by(first, second)
        origins = {subject: event.origin for subject, event in ended().items()}
        assert origins[first.subject].as_json() == {
            "requestid": "one", "traceparent": TRACEPARENT, "correlationid": str(first.correlation_id),
            "causationid": str(first.id), "hops": 4,
        }  # fmt: skip
        assert origins[second.subject].as_json() == {
            "requestid": "two", "correlationid": str(second.id), "causationid": str(second.id), "hops": 1,
        }  # fmt: skip

    def test_names_the_request_that_started_the_saga(self, harness, toy, ended):
        subjects = [new_id(), new_id()]
        for subject in subjects:
            with in_request(str(subject)), db.transaction(Tenant(company_id=harness.company_id)):
                start(toy, subject_id=subject, company_id=harness.company_id, now=clock.now())
        events = ended()
        assert [events[subject].request_id for subject in subjects] == [str(subject) for subject in subjects]
        assert {(event.traceparent, event.causation_id, event.hops) for event in events.values()} == {
            (TRACEPARENT, None, 0)
        }

    def test_counts_hops_up_to_the_limit(self, harness, started_by, ended):
        started_by(begun(harness, hops=causation.HOP_LIMIT))
        assert ended() == {}
        assert [state for (state,) in harness.sql("SELECT state FROM sagas")] == ["done"]
