"""Authorise a payment before anything is sold; void it when the saga is undone."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from domain.payments import payment_records as payments
from domain.payments.decline_limiter import DeclineLimiter, LimitedPayment
from domain.payments.gateway import IDEMPOTENCY_KEY_TTL, Answer
from domain.payments.queries import PaymentSummary
from domain.payments.stripe_gateway import gateway
from saga.engine.errors import TryAgain
from saga.engine.step import batched_step
from saga.engine.step_functions import Answers, Call, Calls, Inputs, Outcome, OutcomesBySubject, Subject
from saga.steps.payments import outcome_of


@batched_step(area="payments")
def authorise_payment(subjects: Sequence[Subject], limited: Inputs[LimitedPayment]) -> Calls:
    """Authorise the amount of each payment on its buyer's card."""
    limiter = DeclineLimiter(limited.values())
    return {
        subject.id: partial(_authorise_within, limiter, limited[subject.id], subject)
        for subject in subjects
        if limited[subject.id].payment.amount
    }


@authorise_payment.on_answers
def record_authorisations(
    subjects: Sequence[Subject], limited: Inputs[LimitedPayment], answers: Answers
) -> OutcomesBySubject:
    """Record what the provider has answered: authorised, or declined."""
    by_payment = {limited[subject_id].payment.id: answer for subject_id, answer in answers.items()}
    payments.record(answers=by_payment, now=subjects[0].now)
    return {subject_id: outcome_of(answer) for subject_id, answer in answers.items()}


@authorise_payment.undo
def void_payment(subject: Subject, limited: LimitedPayment) -> Generator[Call, Answer, Outcome]:
    """Void the authorisation, or refund the payment if it was captured. Does nothing where nothing was authorised."""
    payment = limited.payment
    if payment.amount == 0 or payment.status not in {"pending", "authorised"}:
        return None
    answer = yield partial(_void, payment, subject.idempotency_key, subject.now)
    if answer.outcome in {"authorised", "captured"}:
        return TryAgain(answer.code or answer.outcome, answer.detail)
    payments.record(answers={payment.id: answer}, now=subject.now)
    return {"outcome": answer.outcome}


def _authorise_within(limiter: DeclineLimiter, limited: LimitedPayment, subject: Subject) -> Answer:
    authorise = partial(_authorise, limited.payment, subject.idempotency_key, subject.now)
    # An earlier attempt may have authorised the payment, whatever was declined since: the answer must be fetched.
    return authorise() if subject.begun_before else limiter.call(limited, authorise)


def _authorise(payment: PaymentSummary, key: str, now: datetime) -> Answer:
    before = _authorised_before(payment) if now - payment.created_at > IDEMPOTENCY_KEY_TTL else None
    return before or gateway().authorise(
        amount=payment.amount, currency=payment.currency, method=payment.method, order_id=payment.order_id, key=key
    )


def _authorised_before(payment: PaymentSummary) -> Answer | None:
    # The provider may have forgotten the idempotency key, so the same call would make a second payment. This happens to
    # a saga that was idle for long, or was restored from a backup. Its earlier payment is answered as the key would
    # have been, whatever happened to it since: the steps that follow find out.
    made = gateway().payments_of(order_id=payment.order_id)
    holding = [answer for answer in made if answer.outcome in {"authorised", "captured"}]
    found = next(iter([*holding, *made]), None)
    if found is None or found.outcome == "declined":
        return found
    return replace(found, outcome="authorised")


def _void(payment: PaymentSummary, key: str, now: datetime) -> Answer:
    ref = payment.provider_ref
    if ref is None:
        # The answer to our request was lost, or the request is still on its way. Repeated with the same key it returns
        # the payment that was made, and a request that arrives later cannot make a second one.
        answer = _authorise(payment, key, now)
        if answer.outcome == "declined":
            return answer
        ref = answer.ref
    answer = gateway().void(ref=ref, key=f"{key}:void")
    return _refund(ref, key) if answer.outcome == "captured" else answer


def _refund(ref: str, key: str) -> Answer:
    answer = gateway().refund(ref=ref, key=f"{key}:refund")
    return replace(answer, outcome="captured") if answer.outcome == "declined" else answer
