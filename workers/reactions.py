"""What happens when an event is heard: one table, and the consumer that reads it."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from celery import bootsteps
from kombu import Consumer
from kombu.message import Message

from kit import db, outbox
from kit.db import Json
from kit.tenancy import Tenant
from saga import letters
from workers import queues
from workers.notifications import deliver
from workers.patience import patiently

log = structlog.get_logger()

Reaction = Callable[[Json], list[UUID]]
"""Reacts to an event's data in one transaction; returns the mails it asked for, which are then sent."""


def greet(event: Json) -> list[UUID]:
    """An order is placed: its buyer and the company hear that it was received."""
    order_id = UUID(event["order_id"])
    return letters.to_both(
        occasion="order.created", order_id=order_id, buyer="order_received", merchant="order_received_merchant"
    )


def explain_failure(event: Json) -> list[UUID]:
    """An order has failed: its buyer hears why."""
    return [letters.to_buyer(occasion="order.failed", order_id=UUID(event["order_id"]), template="payment_failed")]


def confirm_cancellation(event: Json) -> list[UUID]:
    """An order is cancelled: its buyer hears that it is."""
    return [letters.to_buyer(occasion="order.cancelled", order_id=UUID(event["order_id"]), template="order_cancelled")]


REACTIONS: dict[str, dict[str, Reaction]] = {
    "notification.events": {
        "order.created": greet,
        "order.failed": explain_failure,
        "order.cancelled": confirm_cancellation,
    },
}


@patiently
def react(queue: str, event: Json) -> None:
    """Act on an event, once; a repeated one finds it done."""
    reaction = REACTIONS[queue].get(event["type"])
    if reaction is None:
        return
    company_id = UUID(event["companyid"]) if "companyid" in event else None
    with db.transaction(Tenant(company_id=company_id)):
        if outbox.heard_before(consumer=queue, event_id=UUID(event["id"]), company_id=company_id):
            return
        mails = reaction(event["data"])
    for mail_id in mails:
        deliver(mail_id=mail_id, company_id=company_id)


class EventConsumers(bootsteps.ConsumerStep):
    """Reads the event queues inside a Celery worker, beside its tasks."""

    queue_names: tuple[str, ...] = ()

    def get_consumers(self, channel: Any) -> list[Consumer]:
        """One consumer for all event queues that this worker was given."""
        wanted = [queue for queue in queues.EVENT_QUEUES if queue.name in self.queue_names]
        if not wanted:
            return []
        return [
            Consumer(channel, queues=[queue], on_message=_hearer(queue.name), prefetch_count=16) for queue in wanted
        ]


def _hearer(queue: str) -> Callable[[Message], None]:
    def hear(message: Message) -> None:
        try:
            react(queue, json.loads(message.body))
        except Exception:
            log.exception("an event could not be acted on", queue=queue)
            message.reject(requeue=True)  # until its delivery limit, then it waits among the dead letters
        else:
            message.ack()

    return hear
