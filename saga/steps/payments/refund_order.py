"""Refund a paid order that is cancelled."""

from collections.abc import Generator
from functools import partial

from domain.payments import payment_records as payments
from domain.payments.gateway import Answer
from domain.payments.queries import PaymentSummary
from domain.payments.stripe_gateway import gateway
from saga.engine.errors import TryAgain
from saga.engine.retries import UNTIL_DONE
from saga.engine.step import step
from saga.engine.step_functions import Call, Outcome, Subject


@step(area="payments", retries=UNTIL_DONE, irreversible="a refunded buyer is not charged again without consent")
def refund_order(subject: Subject, payment: PaymentSummary) -> Generator[Call, Answer, Outcome]:
    """Refund the whole amount of the payment to the buyer."""
    if payment.status != "captured":
        return None
    answer = yield partial(gateway().refund, ref=payment.provider_ref or "", key=subject.idempotency_key)
    if answer.outcome != "refunded":
        return TryAgain(answer.code or answer.outcome, answer.detail)
    payments.record(answers={payment.id: answer}, now=subject.now)
    return {"provider_ref": answer.ref}
