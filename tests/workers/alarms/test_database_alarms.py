"""Incidents, an outbox that nobody empties and queues that nobody reads sound an alert, which ends with its cause."""

import psycopg
import pytest

from kit import clock, db
from kit.ids import new_id
from kit.messaging.outbox import Outbox
from saga.engine.definition import then
from saga.engine.errors import Refused
from saga.incidents import actions
from tests.saga.engine.workshop import Workshop
from tests.saga.incidents.stuck import Stuck
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
        stuck.act(actions.retry)
        alarms.look()
        tell(hook)
        assert [event for event, _, _ in receiver.events()] == ["alert_opened", "alert_closed"]

    def test_that_opens_anew_is_told_anew(self, workshop, stuck, hook, receiver):
        workshop.script.answers["cut"] = [Refused("no")]
        alarms.look()
        stuck.act(actions.retry)
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
            with db.operator_transaction():
                session = db.session()
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
        assert open_alerts() == [("outbox_overdue", "outbox")]
        owner("DELETE FROM outbox")
        alarms.look()
        assert open_alerts() == []


class TestConsumption:
    @pytest.fixture
    def waiting(self, workshop, owner):
        """A saga whose first step no worker has taken for so long; the message is out."""
        saga = workshop.saga(then(workshop.script.step("fold"), pivot=True))

        def wait(age: str):
            ref, _ = workshop.start(saga)
            owner("DELETE FROM outbox")
            owner(f"UPDATE sagas SET started_at = started_at - interval '{age}'")
            owner(f"UPDATE saga_steps SET begun_at = begun_at - interval '{age}'")
            return ref

        return wait

    def test_that_comes_to_a_halt_sounds_an_alert_until_it_goes_on(self, waiting, owner, open_alerts):
        waiting("40 seconds")
        alarms.look()
        assert open_alerts() == [("nothing_consumed", "workers")]
        [(detail,)] = owner("SELECT detail FROM alerts")
        assert detail["sagas"] == 1
        assert 40 <= detail["seconds"] < 100
        owner("UPDATE saga_steps SET answered_at = now()")
        alarms.look()
        assert open_alerts() == []

    def test_is_not_missed_while_a_saga_is_young(self, waiting, open_alerts):
        waiting("20 seconds")
        alarms.look()
        assert open_alerts() == []

    def test_is_not_missed_while_other_sagas_move(self, waiting, owner, open_alerts):
        waiting("40 seconds")
        waiting("0 seconds")
        alarms.look()
        assert open_alerts() == []

    def test_is_not_missed_while_sagas_end(self, waiting, owner, open_alerts):
        ended = waiting("40 seconds")
        waiting("40 seconds")
        owner(f"UPDATE sagas SET state = 'done', ended_at = now() WHERE id = '{ended.saga_id}'")
        alarms.look()
        assert open_alerts() == []

    def test_is_not_missed_by_a_saga_that_pauses_between_two_attempts(self, waiting, owner, open_alerts):
        waiting("40 seconds")
        owner("UPDATE saga_steps SET retry_at = now() + interval '1 minute'")
        alarms.look()
        assert open_alerts() == []

    def test_is_not_blamed_for_an_outbox_that_nobody_empties(self, waiting, owner, open_alerts):
        waiting("40 seconds")
        owner(
            "INSERT INTO outbox (kind, body, available_at) VALUES ('task', '{\"id\": 1}', now() - interval '1 minute')"
        )
        alarms.look()
        assert open_alerts() == [("outbox_overdue", "outbox")]


class TestASnapshot:
    def test_that_is_old_sounds_an_alert_until_it_is_given_up(self, database, open_alerts, monkeypatch):
        with psycopg.connect(database, application_name="a report") as report:
            report.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            report.execute("SELECT FROM outbox")
            alarms.look()
            assert open_alerts() == []
            monkeypatch.setattr(alarms, "LONGEST_TRANSACTION", 0.0)
            alarms.look()
            assert open_alerts() == [("long_running_transaction", "database")]
        alarms.look()
        assert open_alerts() == []
