"""Incidents and an outbox that nobody empties sound an alert, which ends with its cause."""

import pytest

from kit import clock, db
from kit.ids import new_id
from kit.outbox import Outbox
from saga.engine import settle
from saga.engine.declaration import then
from saga.engine.errors import Refused
from tests.saga.engine.stuck import Stuck
from tests.saga.engine.workshop import Workshop
from workers.alarms import database as alarms
from workers.alarms.telling import tell


@pytest.fixture
def workshop(database):
    return Workshop(database)


@pytest.fixture
def stuck(workshop):
    workshop.script.answers["cut"] = [Refused("no")]
    fold, cut = map(workshop.script.step, ("fold", "cut"))
    return Stuck(workshop, workshop.saga(then(fold, pivot=True), then(cut)))


class TestAnIncident:
    def test_is_told_with_what_it_is_about_and_again_when_it_is_settled(self, workshop, stuck, hook, receiver):
        alarms.look()
        tell(hook)
        [told] = receiver.told
        [incident] = workshop.incidents(stuck.ref)
        assert (told["kind"], told["key"]) == ("incident_opened", str(incident.id))
        assert told["detail"]["saga_id"] == str(stuck.ref.saga_id)
        assert (told["detail"]["step"], told["detail"]["error"], told["detail"]["attempts"]) == ("cut", "no", 1)
        stuck.settle(settle.retry)
        alarms.look()
        tell(hook)
        assert [event for event, _, _ in receiver.events()] == ["alert_opened", "alert_closed"]

    def test_that_opens_anew_is_told_anew(self, workshop, stuck, hook, receiver):
        workshop.script.answers["cut"] = [Refused("no")]
        alarms.look()
        stuck.settle(settle.retry)
        assert stuck.ends() == "stuck"
        alarms.look()
        tell(hook)
        assert sorted(event for event, _, _ in receiver.events()) == ["alert_closed", "alert_opened", "alert_opened"]

    def test_is_one_alert_however_often_and_by_whomever_it_is_seen(self, stuck, open_alerts):
        for _ in range(3):
            alarms.look()
        assert len(open_alerts()) == 1


class TestTheOutbox:
    @pytest.fixture
    def due(self, database, owner):
        def put(age: str):
            with db.operator_transaction() as session:
                session.add(Outbox(kind="task", body={"id": str(new_id())}, available_at=clock.now()))
            owner(f"UPDATE outbox SET available_at = now() - interval '{age}'")

        return put

    @pytest.mark.parametrize("age", ["5 seconds", "-1 hour"])  # fresh, or held back until its time
    def test_is_left_alone_with_what_may_be_there(self, due, open_alerts, age):
        due(age)
        alarms.look()
        assert open_alerts() == []

    def test_that_nobody_empties_sounds_an_alert_until_somebody_does(self, due, owner, open_alerts):
        due("40 seconds")
        alarms.look()
        assert open_alerts() == [("outbox_ages", "outbox")]
        owner("DELETE FROM outbox")
        alarms.look()
        assert open_alerts() == []
