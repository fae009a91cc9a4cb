"""What happens when an event is heard: one table, and the consumer that reads it."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import orjson
import structlog
from celery import bootsteps
from celery.exceptions import Reject
from kombu import Consumer
from kombu.message import Message

from domain.notifications.context import Template
from domain.notifications.operations import Claim
from kit import clock, db
from kit.db import Json
from kit.messaging import outbox
from kit.process import failpoints
from kit.tenancy import Tenant
from saga import order_mail
from workers import logged, queues
from workers.gathering import gathering_of
from workers.notifications import deliver
from workers.patience import patiently
from workers.receipts import Receipts

PREFETCH = 64
"""Events at hand at most; so many are acted on together, and wait for the mails of all."""

log = structlog.get_logger()

Reaction = Callable[[Sequence[UUID], datetime], list[Claim]]
"""Reacts to what happened to a company's orders, at that moment, in one transaction; returns the mails it claimed."""


def greet(order_ids: Sequence[UUID], now: datetime) -> list[Claim]:
    """Orders are placed: their buyers and the company hear that they were received."""
    return _told("order.created", order_ids, "order_received", "order_received_merchant", now)


def explain_failure(order_ids: Sequence[UUID], now: datetime) -> list[Claim]:
    """Orders have failed: their buyers hear why, and the company not to ship."""
    return _told("order.failed", order_ids, "payment_failed", "payment_failed_merchant", now)


def confirm_cancellation(order_ids: Sequence[UUID], now: datetime) -> list[Claim]:
    """Orders are cancelled: their buyers hear that they are, and the company not to ship."""
    return _told("order.cancelled", order_ids, "order_cancelled", "order_cancelled_merchant", now)


def _told(occasion: str, order_ids: Sequence[UUID], buyer: Template, merchant: Template, now: datetime) -> list[Claim]:
    claims = order_mail.request(occasion=occasion, order_ids=order_ids, buyer=buyer, merchant=merchant, now=now)
    return [claim for theirs in claims.values() for claim in theirs]


REACTIONS: dict[str, dict[str, Reaction]] = {
    "notification.events": {
        "order.created": greet,
        "order.failed": explain_failure,
        "order.cancelled": confirm_cancellation,
    },
}


@patiently
def react(queue: str, events: Sequence[Json]) -> None:
    """Act on events of one company, each once, in one transaction; repeated ones find it done."""
    known = {UUID(event["id"]): event for event in events if event["type"] in REACTIONS[queue]}
    if not known:
        return
    tenant = Tenant(company_id=UUID(events[0]["companyid"]))
    with db.transaction(tenant):
        new = outbox.mark_processed(consumer=queue, event_ids=known, company_id=tenant.company_id)
        claims = _take(queue, [event for event_id, event in known.items() if event_id in new])
    failpoints.hit("event.heard")
    deliver(claims)


def _take(queue: str, events: Sequence[Json]) -> list[Claim]:
    orders: dict[str, list[UUID]] = defaultdict(list)
    for event in events:
        orders[event["type"]].append(UUID(event["data"]["order_id"]))
    return [claim for kind, ids in orders.items() for claim in REACTIONS[queue][kind](ids, clock.now())]


class EventConsumers(bootsteps.ConsumerStep):
    """Reads the event queues inside a Celery worker, beside its tasks."""

    queue_names: tuple[str, ...] = ()

    def start(self, worker: Any) -> None:
        """Begin to read; called by Celery, again after each loss of the connection."""
        self._gathering = gathering_of(worker)
        super().start(worker)

    def get_consumers(self, channel: Any) -> list[Consumer]:
        """One consumer for each event queue that this worker was given."""
        wanted = [queue for queue in queues.EVENT_QUEUES if queue.name in self.queue_names]
        return [
            Consumer(channel, queues=[queue], on_message=self._hearer(queue.name), prefetch_count=PREFETCH)
            for queue in wanted
        ]

    def _hearer(self, queue: str) -> Callable[[Message], None]:
        if self._gathering:
            return partial(self._gathering.add, partial(hear, queue, self._gathering.receipts))
        return partial(_hear_alone, queue, Receipts((), numbered=False))


def hear(queue: str, receipts: Receipts, messages: Sequence[Message]) -> None:
    """Act on the events that these messages carry, with a receipt for each; what cannot be acted on is given back."""
    companies: dict[str, list[tuple[Message, Json]]] = defaultdict(list)
    for message in messages:
        try:
            event = orjson.loads(message.body)
            companies[event["companyid"]].append((message, event))
        except (ValueError, TypeError, KeyError) as error:
            _give_back(queue, receipts, message, error)
    for heard in companies.values():
        _hear(queue, receipts, heard)


def _hear_alone(queue: str, receipts: Receipts, message: Message) -> None:
    hear(queue, receipts, [message])
    receipts.send()


def _hear(queue: str, receipts: Receipts, heard: Sequence[tuple[Message, Json]]) -> None:
    events = [event for _, event in heard]
    try:
        with logged.about_all([_named(event) for event in events]):
            react(queue, events)
    except Exception as error:  # noqa: BLE001 - it is logged, unless it turns out to be another event's fault
        if len(heard) > 1 and not isinstance(error, Reject):
            for each in heard:
                _hear(queue, receipts, [each])
        else:
            for message, event in heard:
                with logged.about(**_named(event)):
                    _give_back(queue, receipts, message, error)
    else:
        for message, _ in heard:
            receipts.done(message)


def _give_back(queue: str, receipts: Receipts, message: Message, error: Exception) -> None:
    log.error("an event could not be acted on", queue=queue, exc_info=error)
    receipts.reject(message, requeue=True)  # until its delivery limit, then it waits among the dead letters


def _named(event: Json) -> dict[str, str | None]:
    return {"event_id": event.get("id"), "order_id": event.get("subject"), "request_id": event.get("requestid")}
