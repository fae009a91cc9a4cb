"""Reading payments."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from domain.payments.errors import PaymentNotFound
from domain.payments.models import PaymentEvent
from kit import db


class PaymentSummary(NamedTuple):
    """The columns of a payment that its steps need; `amount` in minor units, `method` is the provider's token."""

    id: UUID
    order_id: UUID
    amount: int
    currency: str
    method: str
    status: str
    provider_ref: str | None
    created_at: datetime


_READ_PAYMENTS = """
    SELECT id, order_id, amount, currency, method, status, provider_ref, created_at FROM payments
    WHERE order_id = ANY(%(orders)s) ORDER BY id"""


def the_payments(*, order_ids: Collection[UUID]) -> dict[UUID, list[PaymentSummary]]:
    """Return the payments of each order, the first one first; raises PaymentNotFound when an order has none."""
    payments: dict[UUID, list[PaymentSummary]] = {}
    for payment in map(PaymentSummary._make, db.run(_READ_PAYMENTS, {"orders": list(order_ids)})):
        payments.setdefault(payment.order_id, []).append(payment)
    if len(payments) < len(order_ids):
        raise PaymentNotFound
    return payments


def the_payment(*, order_id: UUID) -> PaymentSummary:
    """Return the first payment of the order; raises PaymentNotFound."""
    return the_payments(order_ids=[order_id])[order_id][0]


_FIND_ORDERS = """
    SELECT DISTINCT p.order_id FROM payment_events e JOIN payments p ON p.id = e.payment_id
    WHERE e.provider_ref = %(ref)s"""


def orders_with_reference(ref: str) -> list[UUID]:
    """Find the ids of the orders that have a payment, capture or refund with this reference of the provider."""
    return [order_id for (order_id,) in db.run(_FIND_ORDERS, {"ref": ref})]


def events_of(*, payment_id: UUID) -> list[PaymentEvent]:
    """List the events of the payment, in order."""
    query = select(PaymentEvent).where(PaymentEvent.payment_id == payment_id).order_by(PaymentEvent.id)
    return list(db.session().scalars(query))
