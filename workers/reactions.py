"""What happens when an event is heard: one table, and the consumer that reads it."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from celery import bootsteps
from kombu import Consumer
from kombu.message import Message

from domain.notifications.operations import Claim
from kit import clock, crash, db, outbox
from kit.db import Json
from kit.tenancy import Tenant
from saga import letters
from workers import logged, queues
from workers.notifications import deliver
from workers.patience import patiently

log = structlog.get_logger()

Reaction = Callable[[UUID, datetime], list[Claim]]
"""Reacts to what happened to an order, at that moment, in one transaction; returns the mails it has claimed to send."""


def greet(order_id: UUID, now: datetime) -> list[Claim]:
    """An order is placed: its buyer and the company hear that it was received."""
    return letters.to_both(
        occasion="order.created", order_id=order_id, buyer="order_received", merchant="order_received_merchant", now=now
    )


def explain_failure(order_id: UUID, now: datetime) -> list[Claim]:
    """An order has failed: its buyer hears why."""
    return [letters.to_buyer(occasion="order.failed", order_id=order_id, template="payment_failed", now=now)]


def confirm_cancellation(order_id: UUID, now: datetime) -> list[Claim]:
    """An order is cancelled: its buyer hears that it is."""
    return [letters.to_buyer(occasion="order.cancelled", order_id=order_id, template="order_cancelled", now=now)]


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
    tenant = Tenant(company_id=UUID(event["companyid"]))
    with db.lean_transaction(tenant):
        if outbox.heard_before(consumer=queue, event_id=UUID(event["id"]), company_id=tenant.company_id):
            return
        claims = reaction(UUID(event["data"]["order_id"]), clock.now())
    crash.point("event.heard")
    deliver(claims)


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
        with logged.about(event_id=message.headers.get("id"), request_id=message.headers.get("requestid")):
            try:
                react(queue, json.loads(message.body))
            except Exception:
                log.exception("an event could not be acted on", queue=queue)
                message.reject(requeue=True)  # until its delivery limit, then it waits among the dead letters
            else:
                message.ack()

    return hear
