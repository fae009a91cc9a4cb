"""Capture authorised payments: the pivot, after which an order is no longer undone."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from functools import partial

from domain.payments import payment_records as payments
from domain.payments.gateway import Answer
from domain.payments.queries import PaymentSummary
from domain.payments.stripe_gateway import gateway
from saga.engine.errors import TryAgain
from saga.engine.step import batched_step
from saga.engine.step_functions import Answers, Call, Calls, Inputs, Outcome, OutcomesBySubject, Subject
from saga.steps.payments import AnswersByPayment, KeyedPayment, call_each, merge_answers, outcome_of, with_keys


@batched_step(area="payments")
def capture_payment(subjects: Sequence[Subject], payments_of: Inputs[Sequence[PaymentSummary]]) -> Calls:
    """Capture the authorised amount of each payment."""
    return {
        subject.id: partial(call_each, to_capture, _capture)
        for subject in subjects
        if (to_capture := with_keys(payments_of[subject.id], subject.idempotency_key))
    }


@capture_payment.on_answers
def record_captures(
    subjects: Sequence[Subject], _: Inputs[Sequence[PaymentSummary]], answers: Answers
) -> OutcomesBySubject:
    """Record what was captured."""
    captured = {id_: answer for id_, answer in merge_answers(answers).items() if answer.outcome != "declined"}
    payments.record(answers=captured, now=subjects[0].now)
    return {subject_id: outcome_of(of_subject) for subject_id, of_subject in answers.items()}


@capture_payment.undo
def refund_payment(
    subject: Subject, payments_of: Sequence[PaymentSummary]
) -> Generator[Call, AnswersByPayment, Outcome]:
    """Refund each payment that the provider has captured. Does nothing where none was captured."""
    keys = with_keys(payments_of, f"{subject.idempotency_key}:refund")
    to_refund = [each for each in keys if each.payment.status in {"authorised", "captured"}]
    if not to_refund:
        return None
    answers = yield partial(call_each, to_refund, _refund_if_captured)
    payments.record(
        answers={id_: answer for id_, answer in answers.items() if answer.outcome != "declined"}, now=subject.now
    )
    for answer in answers.values():
        if answer.outcome in {"captured", "declined"}:  # the payment is not refunded yet
            return TryAgain(answer.code or answer.outcome, answer.detail)
    return {"outcome": next(iter(answers.values())).outcome}


def _capture(each: KeyedPayment) -> Answer:
    return gateway().capture(ref=each.ref, key=each.key)


def _refund_if_captured(each: KeyedPayment) -> Answer:
    current = gateway().look_up(ref=each.ref)
    if current.outcome != "captured":
        return current
    return replace(gateway().refund(ref=each.ref, key=each.key), captured=current.captured)
