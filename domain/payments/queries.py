"""Reading payments."""

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


_THE_PAYMENT = """
    SELECT order_id, amount, currency, method, status, provider_ref, created_at FROM payments
    WHERE order_id = %(order)s"""


def the_payment(*, order_id: UUID) -> Standing:
    """How the order's payment stands; raises PaymentNotFound."""
    row = db.run(_THE_PAYMENT, {"order": order_id}).fetchone()
    if row is None:
        raise PaymentNotFound
    return Standing(*row)


def events_of(*, payment_id: UUID) -> list[PaymentEvent]:
    """Everything the provider did for the payment, in order."""
    query = select(PaymentEvent).where(PaymentEvent.payment_id == payment_id).order_by(PaymentEvent.id)
    return list(db.session().scalars(query))
