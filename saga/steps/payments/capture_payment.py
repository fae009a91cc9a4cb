"""Capture an authorised payment: the pivot, after which an order is no longer undone."""

from collections.abc import Generator, Sequence
from functools import partial

from domain.payments import payment_records as payments
from domain.payments.gateway import Answer
from domain.payments.queries import PaymentSummary
from domain.payments.stripe_gateway import gateway
from saga.engine.errors import TryAgain
from saga.engine.step import batched_step
from saga.engine.step_functions import Answers, Call, Calls, Inputs, Outcome, OutcomesBySubject, Subject
from saga.steps.payments import outcome_of


@batched_step(area="payments")
def capture_payment(subjects: Sequence[Subject], payments_of: Inputs[PaymentSummary]) -> Calls:
    """Capture the authorised amount of each payment."""
    return {
        subject.id: partial(gateway().capture, ref=payment.provider_ref or "", key=subject.idempotency_key)
        for subject in subjects
        if (payment := payments_of[subject.id]).amount
    }


@capture_payment.on_answers
def record_captures(
    subjects: Sequence[Subject], payments_of: Inputs[PaymentSummary], answers: Answers
) -> OutcomesBySubject:
    """Record what was captured."""
    captured = {payments_of[id_].id: answer for id_, answer in answers.items() if answer.outcome != "declined"}
    payments.record(answers=captured, now=subjects[0].now)
    return {subject_id: outcome_of(answer) for subject_id, answer in answers.items()}


@capture_payment.undo
def refund_payment(subject: Subject, payment: PaymentSummary) -> Generator[Call, Answer, Outcome]:
    """Refund the payment if the provider has captured it. Does nothing where it was not captured."""
    if payment.status not in {"authorised", "captured"}:
        return None
    answer = yield partial(_refund_if_captured, payment.provider_ref or "", f"{subject.idempotency_key}:refund")
    if answer.outcome != "declined":
        payments.record(answers={payment.id: answer}, now=subject.now)
    if answer.outcome in {"captured", "declined"}:  # the payment is not refunded yet
        return TryAgain(answer.code or answer.outcome, answer.detail)
    return {"outcome": answer.outcome}


def _refund_if_captured(ref: str, key: str) -> Answer:
    answer = gateway().look_up(ref=ref)
    return gateway().refund(ref=ref, key=key) if answer.outcome == "captured" else answer
