"""What waits for the relay, as the messages that a worker without a pool finds at hand."""

import json
from types import SimpleNamespace

from kit import db
from workers.celery_internals.acks import BatchedAcks
from workers.celery_internals.batching import BatchRunner, _Delivery
from workers.outbox.messages import build_messages

ACKS = BatchedAcks((), sequential_tags=False)

_TAKE = "WITH gone AS (DELETE FROM outbox RETURNING id, kind, body) SELECT kind, body FROM gone ORDER BY id"


class Heard:
    """A message as a worker is given it."""

    def __init__(self, message):
        self.body, self.headers, self.payload = message.body, message.headers, json.loads(message.body)
        self.channel, self.delivery_tag = None, id(self)
        self.ack_log_error = self.reject_log_error = lambda *_, **__: None


def sent(app):
    """The messages that wait for the relay, which takes them."""
    with db.operator_transaction():
        session = db.session()
        rows = session.connection().exec_driver_sql(_TAKE).all()
    return [message for kind, body in rows for message in build_messages(app, kind, body)]


def take(app, *found):
    """Have a worker without a pool take these messages, of tasks that are run with one another, together."""
    consumer = SimpleNamespace(event_dispatcher=None, connection_errors=())
    run_batch = app.tasks[found[0].routing_key].run_batch
    BatchRunner(run_batch, consumer, ACKS)([_Delivery(Heard(each)) for each in found])


def tasks_in(found, *names):
    return [message for message in found if message.routing_key in names]
