"""What happens to a payment, each thing once, whoever reports it and however often."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from domain.payments.gateway import Answer
from domain.payments.models import Payment, PaymentEvent
from domain.payments.queries import the_payment
from kit import db, outbox

_ANNOUNCED = {
    "authorised": "payment.authorised",
    "captured": "payment.success",
    "voided": "payment.voided",
    "refunded": "payment.refunded",
    "failed": "payment.failed",
}

_COURSE = ("pending", "failed", "authorised", "captured", "voided", "refunded")
"""The order in which things happen to a payment, whatever the order in which we hear of them."""


_ADD_EVENT = insert(PaymentEvent).on_conflict_do_nothing().returning(PaymentEvent.id)


def prepare(*, order_id: UUID, company_id: UUID, amount: int, currency: str, method: str) -> Payment:
    """Note what an order costs (minor units) and the provider's token it will be paid with."""
    payment = Payment(order_id=order_id, company_id=company_id, amount=amount, currency=currency, method=method)
    db.session().add(payment)
    return payment


def record(*, order_id: UUID, answer: Answer, now: datetime) -> Payment:
    """Write down what the provider did; harmless when it is known already.

    The payment's status is its furthest event: a hold that is reported after its release does not turn time back.
    """
    payment = the_payment(order_id=order_id)
    kind = "failed" if answer.outcome == "declined" else answer.outcome
    detail = {"code": answer.code, "detail": answer.detail} if answer.code else {}
    event = {
        "company_id": payment.company_id, "payment_id": payment.id, "type": kind, "amount": answer.amount,
        "provider_ref": answer.ref or str(payment.id), "detail": detail, "happened_at": now,
    }  # fmt: skip
    news = db.session().scalar(_ADD_EVENT, event)
    if news:
        payment.provider_ref = answer.ref or payment.provider_ref
        payment.status = max(payment.status, kind, key=_COURSE.index)
        _announce(kind, payment)
    return payment


def _announce(kind: str, payment: Payment) -> None:
    data = {
        "order_id": str(payment.order_id),
        "payment_id": str(payment.id),
        "amount": {"amount": payment.amount, "currency": payment.currency},
    }
    outbox.publish(_ANNOUNCED[kind], data, subject=payment.id, company_id=payment.company_id)
