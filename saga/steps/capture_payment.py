"""The pivot: once the money is taken, the order is kept."""

from collections.abc import Generator
from functools import partial

from domain.payments import operations as payments
from domain.payments.gateway import Answer
from domain.payments.queries import the_payment
from domain.payments.stripe_gateway import gateway
from saga.engine.declaration import Call, Outcome, Subject, step
from saga.engine.errors import Refused, TryAgain


@step(area="payments")
def capture_payment(order: Subject) -> Generator[Call, Answer, Outcome]:
    """Take the held amount."""
    payment = the_payment(order_id=order.id)
    if payment.amount == 0:
        return None
    answer = yield partial(gateway().capture, ref=payment.provider_ref or "", key=order.key)
    if answer.outcome == "declined":
        return Refused(answer.code or "declined", answer.detail)
    payments.record(order_id=order.id, answer=answer, now=order.now)
    return {"provider_ref": answer.ref}


@capture_payment.undo
def refund_payment(order: Subject) -> Generator[Call, Answer, Outcome]:
    """Give the taken amount back, having asked the provider whether it was taken; harmless when it was not."""
    payment = the_payment(order_id=order.id)
    if payment.status not in {"authorised", "captured"}:
        return None
    answer = yield partial(_refund_if_captured, payment.provider_ref or "", f"{order.key}:refund")
    if answer.outcome != "declined":
        payments.record(order_id=order.id, answer=answer, now=order.now)
    if answer.outcome in {"captured", "declined"}:  # the money is still ours
        return TryAgain(answer.code or answer.outcome, answer.detail)
    return {"outcome": answer.outcome}


def _refund_if_captured(ref: str, key: str) -> Answer:
    answer = gateway().look_up(ref=ref)
    return gateway().refund(ref=ref, key=key) if answer.outcome == "captured" else answer
