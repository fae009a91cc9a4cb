"""Events of an order, and what the consumer answers the broker about each."""

import json
from dataclasses import replace

from kit.ids import new_id
from kit.messaging.cloud_events import CloudEvent
from workers.celery_internals.acks import BatchedAcks
from workers.events.consumer import handle_messages

QUEUE = "notification.events"


def an_event(order, kind: str, **attributes) -> CloudEvent:
    data = {"order_id": str(order.id)}
    return replace(
        CloudEvent(id=new_id(), type=kind, subject=order.id, company_id=order.company_id, data=data), **attributes
    )


class Delivery:
    """A message as the broker delivers it."""

    def __init__(self, event):
        self.body = json.dumps(event.as_json() if isinstance(event, CloudEvent) else event)
        self.channel, self.delivery_tag = None, id(self)
        self.answer = None

    def ack_log_error(self, *_):
        self.answer = "acknowledged"

    def reject_log_error(self, *_, requeue):
        self.answer = "requeued" if requeue else "dropped"


def handled(*events):
    """Handles these events as one batch; returns the consumer's answer to each."""
    deliveries = [Delivery(event) for event in events]
    acks = BatchedAcks((), sequential_tags=False)
    handle_messages(QUEUE, acks, deliveries)
    acks.flush()
    return [delivery.answer for delivery in deliveries]
