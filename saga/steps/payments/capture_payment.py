"""Capture the payment of an order: the pivot, after which the order is no longer undone."""

from collections.abc import Generator, Sequence
from functools import partial

from domain.payments import operations as payments
from domain.payments.gateway import Answer
from domain.payments.queries import the_payment, the_payments
from domain.payments.stripe_gateway import gateway
from saga.engine.errors import TryAgain
from saga.engine.step import Answers, Call, Calls, Outcome, Outcomes, Subject, batched_step
from saga.steps.payments import outcome_of


@batched_step(area="payments")
def capture_payment(orders: Sequence[Subject]) -> Generator[Calls, Answers, Outcomes]:
    """Capture each order's authorised amount."""
    payments_of = the_payments(order_ids=[order.id for order in orders])
    answers = yield {
        order.id: partial(gateway().capture, ref=payments_of[order.id].provider_ref or "", key=order.idempotency_key)
        for order in orders
        if payments_of[order.id].amount
    }
    captured = {order_id: answer for order_id, answer in answers.items() if answer.outcome != "declined"}
    payments.record(answers=captured, now=orders[0].now)
    return {order_id: outcome_of(answer) for order_id, answer in answers.items()}


@capture_payment.undo
def refund_payment(order: Subject) -> Generator[Call, Answer, Outcome]:
    """Refund the payment if the provider has captured it. Does nothing where it was not captured."""
    payment = the_payment(order_id=order.id)
    if payment.status not in {"authorised", "captured"}:
        return None
    answer = yield partial(_refund_if_captured, payment.provider_ref or "", f"{order.idempotency_key}:refund")
    if answer.outcome != "declined":
        payments.record(answers={order.id: answer}, now=order.now)
    if answer.outcome in {"captured", "declined"}:  # the payment is not refunded yet
        return TryAgain(answer.code or answer.outcome, answer.detail)
    return {"outcome": answer.outcome}


def _refund_if_captured(ref: str, key: str) -> Answer:
    answer = gateway().look_up(ref=ref)
    return gateway().refund(ref=ref, key=key) if answer.outcome == "captured" else answer
