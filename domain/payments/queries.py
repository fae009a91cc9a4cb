"""Reading payments."""

from uuid import UUID

from sqlalchemy import bindparam, select

from domain.payments.errors import PaymentNotFound
from domain.payments.models import Payment, PaymentEvent
from kit import db

_THE_PAYMENT = select(Payment).where(Payment.order_id == bindparam("order"))  # built once, for it is run often


def the_payment(*, order_id: UUID) -> Payment:
    """The order's payment; raises PaymentNotFound."""
    payment = db.session().scalar(_THE_PAYMENT, {"order": order_id})
    if payment is None:
        raise PaymentNotFound
    return payment


def events_of(*, payment_id: UUID) -> list[PaymentEvent]:
    """Everything the provider did for the payment, in order."""
    query = select(PaymentEvent).where(PaymentEvent.payment_id == payment_id).order_by(PaymentEvent.id)
    return list(db.session().scalars(query))
