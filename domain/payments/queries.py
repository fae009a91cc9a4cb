"""Reading payments."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from domain.payments.errors import PaymentNotFound
from domain.payments.models import PaymentEvent
from kit import db


class Standing(NamedTuple):
    """How a payment stands; `amount` in minor units, `method` the provider's token."""

    order_id: UUID
    amount: int
    currency: str
    method: str
    status: str
    provider_ref: str | None
    created_at: datetime


_PAYMENTS = """
    SELECT order_id, amount, currency, method, status, provider_ref, created_at FROM payments
    WHERE order_id = ANY(%(orders)s)"""


def the_payments(*, order_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """How the payment of each order stands; raises PaymentNotFound when one has none."""
    rows = db.run(_PAYMENTS, {"orders": list(order_ids)})
    found = {standing.order_id: standing for standing in map(Standing._make, rows)}
    if len(found) < len(order_ids):
        raise PaymentNotFound
    return found


def the_payment(*, order_id: UUID) -> Standing:
    """How the order's payment stands; raises PaymentNotFound."""
    return the_payments(order_ids=[order_id])[order_id]


def events_of(*, payment_id: UUID) -> list[PaymentEvent]:
    """Everything the provider did for the payment, in order."""
    query = select(PaymentEvent).where(PaymentEvent.payment_id == payment_id).order_by(PaymentEvent.id)
    return list(db.session().scalars(query))
