import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from kit import clock, db
from kit.ids import new_id
from kit.messaging import kept_events, outbox
from kit.tenancy import Tenant
from tests import factories
from tests.workers.outbox.tasks import a_task
from workers.alerts.database import check
from workers.outbox import relay
from workers.outbox.publisher import BATCH_TIMEOUT, Publisher

pytestmark = pytest.mark.undeclared_events  # the relay sends any


def buffers_of_a_poll(*, lookback):
    """The number of 8 KB pages that the relay's query reads."""
    values = {
        "batch_size": 200, "include_low_priority": True, "low_priority_tasks": ["none.%"], "idle_timeout": "30s",
        "lookback": lookback,
    }  # fmt: skip
    with db.operator_transaction():
        [(plan,)] = db.run(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {relay.TAKE_BATCH}", values)
    return plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"]


class TestDrain:
    def test_sends_a_task_to_its_queue_and_deletes_the_row(self, app, publisher, send, waiting, outbox_rows):
        task = a_task()
        send("task", task)
        assert relay.drain(app, publisher) == 1
        assert outbox_rows() == (0, 0)
        (message,) = waiting("inventory")
        assert (message.headers["task"], message.headers["id"]) == (task["task"], task["id"])
        assert json.loads(message.body)[1] == task["kwargs"]
        assert message.properties["delivery_mode"] == 2

    def test_sends_a_stage_as_the_headers_of_one_chord(self, app, publisher, send, waiting):
        header = [a_task("inventory.reserve_stock"), a_task("payments.authorise_payment")]
        body = a_task("saga.advance")
        send("chord", {"id": str(new_id()), "header": header, "body": body})
        relay.drain(app, publisher)
        messages = [*waiting("inventory"), *waiting("payments")]
        assert [message.headers["group_index"] for message in messages] == [0, 1]
        assert len({message.headers["group"] for message in messages}) == 1
        chords = [json.loads(message.body)[2]["chord"] for message in messages]
        assert [chord["options"]["task_id"] for chord in chords] == [body["id"]] * 2

    def test_publishes_an_event_without_a_queue(self, app, publisher, send, outbox_rows):
        send("event", {"id": str(new_id()), "type": "faults.changed", "data": {}})
        assert relay.drain(app, publisher) == 1
        assert outbox_rows() == (0, 0)

    def test_publishes_a_kept_event_as_it_was_written(self, app, publisher, send, waiting, outbox_rows):
        company = factories.make_company()
        with db.transaction(Tenant(company_id=company.id)):
            for number in range(3):
                data = {"order_id": str(company.id), "number": number}
                outbox.publish("order.created", data, subject=company.id, company_id=company.id)
        with db.operator_transaction():
            db.run("DELETE FROM outbox WHERE kind <> 'event'", {})
        relay.drain(app, publisher)
        assert outbox_rows() == (0, 0)
        messages = [json.loads(message.body) for message in waiting("notification.events")]
        messages = [message for message in messages if message["subject"] == str(company.id)]
        with db.operator_transaction():
            kept = kept_events.read(UUID(message["id"]) for message in messages)
        assert [event.as_json() for event in kept] == messages
        assert [event.data["number"] for event in kept] == [0, 1, 2]

    def test_postpones_an_event_that_is_no_longer_kept(self, app, publisher, send, outbox_rows):
        send("event", {"ids": [str(new_id())]})
        relay.drain(app, publisher)
        assert outbox_rows() == (1, 0)

    def test_takes_low_priority_rows_only_when_asked_to(self, app, publisher, send, waiting, outbox_rows):
        send("event", {"id": str(new_id()), "type": "faults.changed", "data": {}})
        send("task", a_task("notifications.email_customer"), a_task())
        header = [a_task("inventory.reserve_stock"), a_task("payments.authorise_payment")]
        send("chord", {"id": str(new_id()), "header": header, "body": a_task("saga.advance")})
        assert relay.drain(app, publisher, include_low_priority=False) == 2
        assert (len(waiting("inventory")), len(waiting("payments"))) == (2, 1)
        assert waiting("notifications") == []
        assert relay.drain(app, publisher) == 2
        assert len(waiting("notifications")) == 1

    def test_leaves_rows_older_than_its_lookback(self, app, publisher, send, waiting):
        send("task", a_task(), at=clock.now() - timedelta(seconds=60))
        assert relay.drain(app, publisher, lookback=30.0) == 0
        assert relay.drain(app, publisher, lookback=90.0) == 1

    def test_reads_no_dead_row_older_than_its_lookback(self, app, publisher, send, waiting, database):
        with psycopg.connect(database) as report:
            report.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            report.execute("SELECT FROM outbox")  # keeps what is deleted from now on
            send("task", *[a_task() for _ in range(2000)], at=clock.now() - timedelta(seconds=60))
            while relay.drain(app, publisher):
                pass
            assert 10 * buffers_of_a_poll(lookback=30.0) < buffers_of_a_poll(lookback=None)

    def test_leaves_rows_that_are_not_due(self, app, publisher, send, waiting, outbox_rows):
        send("task", a_task(), at=clock.now() + timedelta(hours=1))
        assert relay.drain(app, publisher) == 0
        assert outbox_rows() == (1, 0)
        assert waiting("inventory") == []

    def test_postpones_a_task_without_a_queue_and_sends_the_rest(self, app, publisher, send, waiting, outbox_rows):
        send("task", a_task("nowhere.to_be_found"), a_task())
        assert relay.drain(app, publisher) == 2
        assert outbox_rows() == (1, 0)
        assert len(waiting("inventory")) == 1

    @pytest.mark.parametrize(
        ("invalid", "reason"),
        [({"kwargs": {}}, "it cannot be read: KeyError"), (a_task("nowhere.to_be_found"), "no queue takes it")],
    )
    def test_opens_an_alert_about_a_row_that_cannot_be_sent_until_it_is_gone(
        self, app, publisher, send, waiting, outbox_rows, owner, invalid, reason
    ):
        send("task", a_task(), invalid, a_task())
        for _ in range(2):
            owner("UPDATE outbox SET available_at = now() - interval '1 second'")
            relay.drain(app, publisher)
        assert outbox_rows() == (1, 0)
        assert len(waiting("inventory")) == 2
        [(row,)] = owner("SELECT id FROM outbox")
        assert owner("SELECT key, detail->>'reason' FROM alerts") == [(f"row {row}", reason)]
        check()
        assert owner("SELECT count(*) FROM alerts WHERE closed_at IS NULL") == [(1,)]
        owner("DELETE FROM outbox")
        check()
        assert owner("SELECT count(*) FROM alerts WHERE closed_at IS NULL") == [(0,)]

    def test_keeps_all_rows_when_the_broker_goes_down(self, app, publisher, send, outbox_rows, rabbitmq):
        send("task", a_task(), a_task())
        rabbitmq.stop()
        with pytest.raises(OSError):
            relay.drain(app, publisher)
        assert outbox_rows() == (2, 2)

    def test_has_an_idle_timeout_longer_than_the_publishers_timeout(self, app, publisher, send, monkeypatch):
        send("task", a_task())
        allowed = []

        def publish(_messages):
            ask = "SELECT extract(epoch FROM current_setting('idle_in_transaction_session_timeout')::interval)"
            allowed.extend(db.run(ask, {}).fetchone())
            return set()

        monkeypatch.setattr(publisher, "publish", publish)
        relay.drain(app, publisher)
        assert allowed[0] > BATCH_TIMEOUT

    def test_shares_the_rows_with_other_relays_and_sends_nothing_twice(self, app, send, waiting, outbox_rows, rabbitmq):
        tasks = [a_task() for _ in range(900)]
        send("task", *tasks)

        def drain_all(_: int) -> int:
            with Publisher(rabbitmq.url) as publisher:
                return sum(iter(lambda: relay.drain(app, publisher), 0))

        with ThreadPoolExecutor(3) as pool:
            assert sum(pool.map(drain_all, range(3))) == 900
        assert outbox_rows() == (0, 0)
        sent = Counter(message.headers["id"] for message in waiting("inventory"))
        assert sent == Counter(task["id"] for task in tasks)


class TestNotification:
    @pytest.mark.parametrize(
        ("kind", "body", "woken"),
        [
            ("task", {"task": "saga.advance"}, 1),
            ("chord", {"header": []}, 1),
            ("task", {"task": "notifications.email_customer"}, 0),
            ("task", {"task": "background.run_schedule"}, 0),
            ("event", {"type": "order.created"}, 0),
        ],
    )
    def test_is_sent_for_rows_that_an_order_waits_for(self, database, kind, body, woken):
        with psycopg.connect(database, autocommit=True) as relays, psycopg.connect(database) as writer:
            relays.execute("LISTEN orderx_outbox")
            writer.execute("INSERT INTO outbox (kind, body) VALUES (%s, %s)", [kind, Jsonb(body)])
            writer.commit()
            relays.execute("SELECT 1")
            assert len(list(relays.notifies(timeout=0))) == woken
