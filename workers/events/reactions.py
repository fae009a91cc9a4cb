"""The reactions to events: one table, and the transaction that runs them once for each event."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from domain.notifications.context import Template
from domain.notifications.operations import Claim
from kit import clock, db
from kit.db import Json
from kit.messaging import outbox
from kit.process import failpoints
from kit.tenancy import Tenant
from saga.deliveries import order_mail
from workers.outages import retry_on_outage
from workers.tasks import notifications

Reaction = Callable[[Sequence[UUID], datetime], list[Claim]]
"""Reacts to an event of some orders of one company, in one transaction. Takes the current time (UTC). Returns the mails
that it claimed."""


def send_order_received(order_ids: Sequence[UUID], now: datetime) -> list[Claim]:
    """Mail to buyers and to the company that the orders were received."""
    return _claim_mails("order.created", order_ids, "order_received", "order_received_merchant", now)


def send_order_failed(order_ids: Sequence[UUID], now: datetime) -> list[Claim]:
    """Mail to buyers why the orders failed, and to the company not to ship them."""
    return _claim_mails("order.failed", order_ids, "payment_failed", "payment_failed_merchant", now)


def send_order_cancelled(order_ids: Sequence[UUID], now: datetime) -> list[Claim]:
    """Mail to buyers that the orders are cancelled, and to the company not to ship them."""
    return _claim_mails("order.cancelled", order_ids, "order_cancelled", "order_cancelled_merchant", now)


def _claim_mails(
    occasion: str, order_ids: Sequence[UUID], buyer: Template, merchant: Template, now: datetime
) -> list[Claim]:
    claims = order_mail.enqueue_and_claim(
        occasion=occasion, order_ids=order_ids, buyer=buyer, merchant=merchant, now=now
    )
    return [claim for order_claims in claims.values() for claim in order_claims]


REACTIONS: dict[str, dict[str, Reaction]] = {
    "notification.events": {
        "order.created": send_order_received,
        "order.failed": send_order_failed,
        "order.cancelled": send_order_cancelled,
    },
}


@retry_on_outage
def process(queue: str, events: Sequence[Json]) -> None:
    """Run the queue's reactions to events of one company in one transaction. An event seen before is skipped."""
    known = {UUID(event["id"]): event for event in events if event["type"] in REACTIONS[queue]}
    if not known:
        return
    tenant = Tenant(company_id=UUID(events[0]["companyid"]))
    with db.transaction(tenant):
        new = outbox.mark_processed(consumer=queue, event_ids=known, company_id=tenant.company_id)
        claims = _react(queue, [event for event_id, event in known.items() if event_id in new])
    failpoints.hit("event.processed")
    notifications.deliver(claims)


def _react(queue: str, events: Sequence[Json]) -> list[Claim]:
    orders: dict[str, list[UUID]] = defaultdict(list)
    for event in events:
        orders[event["type"]].append(UUID(event["data"]["order_id"]))
    return [claim for kind, ids in orders.items() for claim in REACTIONS[queue][kind](ids, clock.now())]
