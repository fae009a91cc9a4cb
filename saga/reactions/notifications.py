"""Mails about events."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.notifications.context import Template
from kit.messaging.cloud_events import CloudEvent
from saga.deliveries import mail_delivery, order_mail
from saga.reactions.definition import AfterCommit, reaction

CONSUMER = "notification.events"


@reaction(CONSUMER, "order.created")
def send_order_received(events: Sequence[CloudEvent], now: datetime) -> AfterCommit:
    """Mail to buyers and to the company that the orders were received."""
    return _send_mails(events, "order_received", "order_received_merchant", now)


@reaction(CONSUMER, "order.failed")
def send_order_failed(events: Sequence[CloudEvent], now: datetime) -> AfterCommit:
    """Mail to buyers why the orders failed, and to the company not to ship them."""
    return _send_mails(events, "payment_failed", "payment_failed_merchant", now)


@reaction(CONSUMER, "order.cancelled")
def send_order_cancelled(events: Sequence[CloudEvent], now: datetime) -> AfterCommit:
    """Mail to buyers that the orders are cancelled, and to the company not to ship them."""
    return _send_mails(events, "order_cancelled", "order_cancelled_merchant", now)


def _send_mails(events: Sequence[CloudEvent], buyer: Template, merchant: Template, now: datetime) -> AfterCommit:
    order_ids = [UUID(event.data["order_id"]) for event in events]
    claims = order_mail.enqueue_and_claim(
        occasion=events[0].type, order_ids=order_ids, buyer=buyer, merchant=merchant, now=now
    )
    return AfterCommit(mail_delivery.deliver_claims, [claim for each in claims.values() for claim in each])
