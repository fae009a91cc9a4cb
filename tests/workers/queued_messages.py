"""The messages that the outbox holds, as a worker without a pool receives them."""

import json
from threading import Event
from types import SimpleNamespace
from uuid import UUID

from kit import db
from kit.messaging import kept_events
from saga.engine import task_messages
from workers.celery_internals.acks import BatchedAcks
from workers.celery_internals.batch_runner import BatchRunner, Delivery
from workers.outbox.messages import build_messages

ACKS = BatchedAcks((), sequential_tags=False)

_TAKE = "WITH gone AS (DELETE FROM outbox RETURNING *) SELECT company_id, kind, body FROM gone ORDER BY id"


class FakeMessage:
    """A message as Celery passes it to a worker."""

    def __init__(self, message):
        self.body, self.headers, self.payload = message.body, message.headers, json.loads(message.body)
        self.channel, self.delivery_tag = None, id(self)
        self.ack_log_error = self.reject_log_error = lambda *_, **__: None


def take_from_outbox(app):
    """Take all rows from the outbox. Returns the messages that the relay would publish, the tasks before the events."""
    with db.operator_transaction():
        session = db.session()
        rows = session.connection().exec_driver_sql(_TAKE).all()
        ids = [UUID(event_id) for _, kind, body in rows if kind == "event" for event_id in body.get("ids", [])]
        events = kept_events.read(ids)
    tasks = [
        (kind, task_messages.expand(body, company_id=company_id)) for company_id, kind, body in rows if kind != "event"
    ]
    bodies = [*tasks, *(("event", event.as_json()) for event in events)]
    return [message for kind, body in bodies for message in build_messages(app, kind, body)]


def run_together(app, *batch):
    """Run these messages in one batch, as a worker without a pool does, and go on until all work is finished."""
    consumer = SimpleNamespace(event_dispatcher=None, connection_errors=())
    task, woken = app.tasks[batch[0].routing_key], Event()
    runner = BatchRunner(task.run_batch, consumer, ACKS, task.work)
    if task.work:
        task.work.wake = woken.set
    runner([Delivery(FakeMessage(each)) for each in batch])
    while runner.unfinished:
        assert woken.wait(20), "no answer has come"
        woken.clear()
        task.work.go_on()
        runner.acknowledge_finished()


def tasks_in(messages, *names):
    return [message for message in messages if message.routing_key in names]
