"""Execute a granted refund: pay each of its parts back to its payment."""

from collections.abc import Generator
from datetime import datetime
from functools import partial

from domain.payments import refunds
from domain.payments.gateway import IDEMPOTENCY_KEY_TTL, Answer
from domain.payments.models import Refund
from domain.payments.refunds import PlannedPart, RefundToExecute
from domain.payments.stripe_gateway import gateway
from kit.money import Money
from saga.engine.retries import UNTIL_DONE
from saga.engine.step import step
from saga.engine.step_functions import Call, Outcome, Subject
from saga.steps.payments import AnswersByPayment


@step(area="payments", retries=UNTIL_DONE, irreversible="a refunded buyer is not charged again without consent")
def execute_refund(subject: Subject, executing: RefundToExecute) -> Generator[Call, AnswersByPayment, Outcome]:
    """Pay back each part of the refund. What the provider refuses is recorded, and fails the refund."""
    if not executing.parts:
        return None
    answers = yield partial(_refund_all, executing, subject.idempotency_key, subject.now)
    refunds.record_parts(executing.refund, answers=answers, now=subject.now)
    made = [answer.refunds[0].ref for answer in answers.values() if answer.outcome == "refunded"]
    return {"provider_refs": made}


def _refund_all(executing: RefundToExecute, key: str, now: datetime) -> AnswersByPayment:
    refund = executing.refund
    keys_are_gone = now - (refund.executed_at or now) > IDEMPOTENCY_KEY_TTL
    answers = {}
    for part in executing.parts:
        # The provider may have forgotten the key of an earlier attempt, and would refund a second time.
        made = _made(refund, part, gateway().look_up(ref=part.provider_ref)) if keys_are_gone else None
        answers[part.payment_id] = made or _refund(refund, part, f"{key}:{part.payment_id}")
    return answers


def _refund(refund: Refund, part: PlannedPart, key: str) -> Answer:
    amount = Money(part.amount, refund.currency)
    answer = gateway().refund(ref=part.provider_ref, key=key, amount=amount, refund_id=refund.id)
    # Where the provider refuses, it answers what the payment is: refunded by another refund, for example.
    return _made(refund, part, answer) or Answer("declined", part.provider_ref, 0, answer.code or "not_refundable")


def _made(refund: Refund, part: PlannedPart, answer: Answer) -> Answer | None:
    """Return the refund of this part, if the answer tells that it was made."""
    for made in answer.refunds:
        if made.refund_id == refund.id:
            return Answer("refunded", part.provider_ref, made.amount, refunds=(made,))
    return None
