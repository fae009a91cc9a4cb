"""The pivot: once the money is taken, the order is kept."""

from collections.abc import Generator, Sequence
from functools import partial

from domain.payments import operations as payments
from domain.payments.gateway import Answer
from domain.payments.queries import the_payment, the_payments
from domain.payments.stripe_gateway import gateway
from saga.engine.declaration import Answers, Call, Calls, Outcome, Outcomes, Subject, batched_step
from saga.engine.errors import TryAgain
from saga.provider import outcome_of


@batched_step(area="payments")
def capture_payment(orders: Sequence[Subject]) -> Generator[Calls, Answers, Outcomes]:
    """Take each order's held amount."""
    payments_of = the_payments(order_ids=[order.id for order in orders])
    answers = yield {
        order.id: partial(gateway().capture, ref=payments_of[order.id].provider_ref or "", key=order.key)
        for order in orders
        if payments_of[order.id].amount
    }
    taken = {order_id: answer for order_id, answer in answers.items() if answer.outcome != "declined"}
    payments.record(answers=taken, now=orders[0].now)
    return {order_id: outcome_of(answer) for order_id, answer in answers.items()}


@capture_payment.undo
def refund_payment(order: Subject) -> Generator[Call, Answer, Outcome]:
    """Give the taken amount back, having asked the provider whether it was taken; harmless when it was not."""
    payment = the_payment(order_id=order.id)
    if payment.status not in {"authorised", "captured"}:
        return None
    answer = yield partial(_refund_if_captured, payment.provider_ref or "", f"{order.key}:refund")
    if answer.outcome != "declined":
        payments.record(answers={order.id: answer}, now=order.now)
    if answer.outcome in {"captured", "declined"}:  # the money is still ours
        return TryAgain(answer.code or answer.outcome, answer.detail)
    return {"outcome": answer.outcome}


def _refund_if_captured(ref: str, key: str) -> Answer:
    answer = gateway().look_up(ref=ref)
    return gateway().refund(ref=ref, key=key) if answer.outcome == "captured" else answer
