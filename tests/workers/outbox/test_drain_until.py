import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg.types.json import Jsonb

from kit.ids import new_id
from tests.waiting import until
from tests.workers.outbox.tasks import a_task
from workers.outbox import drain_lock, poll_position, relay
from workers.outbox.publisher import Publisher

pytestmark = pytest.mark.undeclared_events  # the relay sends any


class TestDrainUntil:
    def test_is_woken_for_a_task_and_sends_waiting_events_later(self, app, send, arrives, monkeypatch):
        monkeypatch.setattr(drain_lock, "POLL_INTERVAL", 60.0)
        taken, first_poll, drain, task = [], threading.Event(), relay.drain, a_task()

        def noting(*args, **named):
            taken.append(drain(*args, **named))
            first_poll.set()

        monkeypatch.setattr(relay, "drain", noting)
        stopping = threading.Event()
        with ThreadPoolExecutor(1) as background:
            draining = background.submit(relay.drain_until, stopping, app)
            try:
                assert first_poll.wait(30)
                send("event", {"id": str(new_id()), "type": "faults.changed", "data": {}})
                send("task", task)
                assert arrives() == task["id"]
                until(lambda: len(taken) > 2)
            finally:
                stopping.set()
                until(lambda: send("task", a_task()) or draining.done())  # a drainer stops at its next notification
        assert taken[:3] == [0, 1, 1]

    def test_sends_a_task_that_is_committed_after_later_ones_were_sent(self, app, send, arrives, monkeypatch, database):
        monkeypatch.setattr(poll_position, "MARGIN", 0.0)
        late, task, stopping = a_task(), a_task(), threading.Event()
        row = "INSERT INTO outbox (kind, body) VALUES ('task', %s)"
        with ThreadPoolExecutor(1) as background, psycopg.connect(database) as slow:
            draining = background.submit(relay.drain_until, stopping, app)
            try:
                slow.execute(row, [Jsonb(late)])
                send("task", task)
                assert arrives() == task["id"]
                slow.commit()
                assert arrives() == late["id"]
            finally:
                stopping.set()
                until(draining.done)

    def test_sends_mails_in_batches_and_the_last_without_a_notification(self, app, send, arrives, monkeypatch):
        monkeypatch.setattr(drain_lock, "POLL_INTERVAL", 60.0)
        first, task, mails, sent = a_task(), a_task(), [a_task("notifications.email_customer") for _ in range(3)], []
        all_gone = threading.Event()

        class Noting(Publisher):
            def publish(self, messages, **named):
                sent.append([message.id for message in messages])
                if mails[-1]["id"] in sent[-1]:
                    all_gone.set()
                return super().publish(messages, **named)

        monkeypatch.setattr(relay, "Publisher", Noting)
        stopping = threading.Event()
        with ThreadPoolExecutor(1) as background:
            draining = background.submit(relay.drain_until, stopping, app)
            try:
                send("task", first)
                assert arrives() == first["id"]
                for each in (mails[0], task, *mails[1:]):
                    send("task", each)
                assert arrives() == task["id"]
                assert all_gone.wait(30)
            finally:
                stopping.set()
                until(lambda: send("task", a_task()) or draining.done())
        ids = [mail["id"] for mail in mails]
        assert [each for each in sent if set(each) & set(ids)] == [ids]

    def test_sends_new_rows_while_a_batch_waits_for_its_confirms(self, app, send, arrives, monkeypatch):
        slow, held_up, go_on = a_task(), threading.Event(), threading.Event()

        class Slow(Publisher):
            def publish(self, messages, **named):
                if any(message.id == slow["id"] for message in messages):
                    held_up.set()
                    assert go_on.wait(30)
                return super().publish(messages, **named)

        monkeypatch.setattr(relay, "Publisher", Slow)
        stopping, later = threading.Event(), a_task()
        with ThreadPoolExecutor(1) as background:
            draining = background.submit(relay.drain_until, stopping, app)
            try:
                send("task", slow)
                assert held_up.wait(30)
                send("task", later)
                assert arrives() == later["id"]
                go_on.set()
                assert arrives() == slow["id"]
            finally:
                go_on.set()
                stopping.set()
            draining.result(30)
