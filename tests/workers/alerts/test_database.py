"""Open incidents, an outbox that is not drained and queues without readers open an alert, which ends with its cause."""

import psycopg
import pytest

from kit import clock, db
from kit.ids import new_id
from kit.messaging.outbox import Outbox
from saga.engine.definition import then, wait_for
from saga.engine.errors import Refused
from saga.incidents import actions
from tests.saga.engine.toy_signals import A_DAY, CONFIRMED
from tests.saga.incidents.stuck_saga import StuckSaga
from workers.alerts import database as database_alerts
from workers.alerts.delivery import deliver


@pytest.fixture
def stuck(harness):
    harness.script.answers["cut"] = [Refused("no")]
    fold, cut = map(harness.script.step, ("fold", "cut"))
    return StuckSaga(harness, harness.saga(then(fold, pivot=True), then(cut)))


class TestAnIncident:
    def test_opens_an_alert_with_its_details_that_closes_when_it_is_resolved(self, harness, stuck, hook, receiver):
        database_alerts.check()
        deliver(hook)
        [alert] = receiver.accepted
        [incident] = harness.incidents(stuck.ref)
        assert (alert["kind"], alert["key"]) == ("incident_opened", str(incident.id))
        assert alert["detail"]["saga_id"] == str(stuck.ref.saga_id)
        assert (alert["detail"]["step"], alert["detail"]["error"], alert["detail"]["attempts"]) == ("cut", "no", 1)
        stuck.apply(actions.retry)
        database_alerts.check()
        deliver(hook)
        assert [event for event, _, _ in receiver.events()] == ["alert_opened", "alert_closed"]

    def test_that_opens_again_opens_another_alert(self, harness, stuck, hook, receiver):
        harness.script.answers["cut"] = [Refused("no")]
        database_alerts.check()
        stuck.apply(actions.retry)
        assert stuck.final_state() == "stuck"
        database_alerts.check()
        deliver(hook)
        assert sorted(event for event, _, _ in receiver.events()) == ["alert_closed", "alert_opened", "alert_opened"]

    def test_is_one_alert_however_often_it_is_found(self, stuck, open_alerts):
        for _ in range(3):
            database_alerts.check()
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

    @pytest.mark.parametrize("age", ["5 seconds", "-1 hour"])
    def test_raises_no_alert_for_rows_that_are_fresh_or_not_due(self, due, open_alerts, age):
        due(age)
        database_alerts.check()
        assert open_alerts() == []

    def test_that_is_not_drained_opens_an_alert_until_it_is(self, due, owner, open_alerts):
        due("40 seconds")
        database_alerts.check()
        assert open_alerts() == [("outbox_overdue", "outbox")]
        owner("DELETE FROM outbox")
        database_alerts.check()
        assert open_alerts() == []

    def test_counts_no_more_than_a_few_of_the_due_rows(self, due, owner, open_alerts, monkeypatch):
        monkeypatch.setattr(database_alerts, "MAX_ROWS_COUNTED", 2)
        for _ in range(3):
            due("40 seconds")
        database_alerts.check()
        [(detail,)] = owner("SELECT detail FROM alerts WHERE kind = 'outbox_overdue'")
        assert detail["due"] == "2 or more"
        assert detail["seconds"] >= 40


class TestConsumption:
    @pytest.fixture
    def waiting(self, harness, owner):
        """A saga whose first step no worker has taken for so long; the message is out."""
        saga = harness.saga(then(harness.script.step("fold"), pivot=True))

        def wait(age: str):
            ref, _ = harness.start(saga)
            owner("DELETE FROM outbox")
            owner(f"UPDATE sagas SET started_at = started_at - interval '{age}'")
            owner(f"UPDATE saga_steps SET begun_at = begun_at - interval '{age}'")
            return ref

        return wait

    def test_that_comes_to_a_halt_sounds_an_alert_until_it_goes_on(self, waiting, owner, open_alerts):
        waiting("40 seconds")
        database_alerts.check()
        assert open_alerts() == [("nothing_consumed", "workers")]
        [(detail,)] = owner("SELECT detail FROM alerts")
        assert detail["sagas"] == 1
        assert 40 <= detail["seconds"] < 100
        owner("UPDATE saga_steps SET answered_at = now()")
        database_alerts.check()
        assert open_alerts() == []

    def test_raises_no_alert_while_a_saga_is_young(self, waiting, open_alerts):
        waiting("20 seconds")
        database_alerts.check()
        assert open_alerts() == []

    def test_raises_no_alert_about_a_saga_that_waits_for_a_signal(self, harness, owner, open_alerts):
        stages = wait_for(CONFIRMED, expires=A_DAY, on_expiry="undo"), then(harness.script.step("fold"))
        ref, deliveries = harness.start(harness.saga(*stages))
        deliveries.deliver_all()
        owner("UPDATE sagas SET started_at = started_at - interval '2 days'")
        owner("UPDATE saga_steps SET begun_at = begun_at - interval '2 days'")
        database_alerts.check()
        assert (harness.state(ref), open_alerts()) == ("waiting", [])

    def test_raises_no_alert_while_other_sagas_move(self, waiting, owner, open_alerts):
        waiting("40 seconds")
        waiting("0 seconds")
        database_alerts.check()
        assert open_alerts() == []

    def test_raises_no_alert_while_sagas_end(self, waiting, owner, open_alerts):
        ended = waiting("40 seconds")
        waiting("40 seconds")
        owner(f"UPDATE sagas SET state = 'done', ended_at = now() WHERE id = '{ended.saga_id}'")
        database_alerts.check()
        assert open_alerts() == []

    def test_raises_no_alert_by_a_saga_that_pauses_between_two_attempts(self, waiting, owner, open_alerts):
        waiting("40 seconds")
        owner("UPDATE saga_steps SET retry_at = now() + interval '1 minute'")
        database_alerts.check()
        assert open_alerts() == []

    def test_raises_no_alert_about_workers_while_the_outbox_is_not_drained(self, waiting, owner, open_alerts):
        waiting("40 seconds")
        owner(
            "INSERT INTO outbox (kind, body, available_at) VALUES ('task', '{\"id\": 1}', now() - interval '1 minute')"
        )
        database_alerts.check()
        assert open_alerts() == [("outbox_overdue", "outbox")]


class TestALongTransaction:
    def test_opens_an_alert_until_it_ends(self, database, open_alerts, monkeypatch):
        with psycopg.connect(database, application_name="a report") as report:
            report.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            report.execute("SELECT FROM outbox")
            database_alerts.check()
            assert open_alerts() == []
            monkeypatch.setattr(database_alerts, "MAX_TRANSACTION_AGE", 0.0)
            database_alerts.check()
            assert open_alerts() == [("long_running_transaction", "database")]
        database_alerts.check()
        assert open_alerts() == []
