"""Authorise the payments of an order before anything is sold; void them when the saga is undone."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import chain, takewhile
from uuid import UUID

from domain.payments import payment_records as payments
from domain.payments.decline_limiter import DeclineLimiter, LimitedPayment
from domain.payments.gateway import IDEMPOTENCY_KEY_TTL, Answer
from domain.payments.stripe_gateway import gateway
from saga.engine.errors import TryAgain
from saga.engine.step import batched_step
from saga.engine.step_functions import Answers, Call, Calls, Inputs, Outcome, OutcomesBySubject, Subject
from saga.steps.payments import AnswersByPayment, KeyedPayment, call_each, merge_answers, outcome_of, with_keys


@batched_step(area="payments")
def authorise_payment(subjects: Sequence[Subject], limited: Inputs[Sequence[LimitedPayment]]) -> Calls:
    """Authorise the amount of each payment on its buyer's card. If one is declined, the others are voided."""
    limiter = DeclineLimiter(chain.from_iterable(limited.values()), company_id=subjects[0].company_id)
    return {
        subject.id: partial(_authorise_all, limiter, limited[subject.id], subject)
        for subject in subjects
        if any(each.payment.amount for each in limited[subject.id])
    }


@authorise_payment.on_answers
def record_authorisations(
    subjects: Sequence[Subject], _: Inputs[Sequence[LimitedPayment]], answers: Answers
) -> OutcomesBySubject:
    """Record what the provider has answered: authorised, or declined."""
    payments.record(answers=merge_answers(answers), now=subjects[0].now)
    return {subject_id: outcome_of(of_subject) for subject_id, of_subject in answers.items()}


@authorise_payment.undo
def void_payment(subject: Subject, limited: Sequence[LimitedPayment]) -> Generator[Call, AnswersByPayment, Outcome]:
    """Void each authorisation, or refund what was captured. Does nothing where nothing was authorised."""
    keys = with_keys([each.payment for each in limited], subject.idempotency_key)
    # Payments after a declined one were not begun.
    begun = takewhile(lambda each: each.payment.status != "failed", keys)
    to_void = [each for each in begun if each.payment.status in {"pending", "authorised"}]
    if not to_void:
        return None
    answers = yield partial(call_each, to_void, partial(_void, now=subject.now))
    kept = [answer for answer in answers.values() if answer.outcome in {"authorised", "captured"}]
    payments.record(answers={id_: answer for id_, answer in answers.items() if answer not in kept}, now=subject.now)
    if kept:
        return TryAgain(kept[0].code or kept[0].outcome, kept[0].detail)
    return {"outcome": next(iter(answers.values())).outcome}


def _authorise_all(limiter: DeclineLimiter, limited: Sequence[LimitedPayment], subject: Subject) -> AnswersByPayment:
    """Authorise one payment after the other, up to the first that is declined."""
    by_id = {each.payment.id: each for each in limited}
    answers: dict[UUID, Answer] = {}
    for each in with_keys([each.payment for each in limited], subject.idempotency_key):
        authorise = partial(_authorise, each, subject.now)
        # An earlier attempt may have authorised the payment, whatever was declined since: the answer must be fetched.
        answer = authorise() if subject.begun_before else limiter.call(by_id[each.payment.id], authorise)
        answers[each.payment.id] = answer
        if answer.outcome == "declined":
            break
    return answers


def _authorise(each: KeyedPayment, now: datetime) -> Answer:
    payment = each.payment
    before = _earlier_authorisation(each) if now - payment.created_at > IDEMPOTENCY_KEY_TTL else None
    return before or gateway().authorise(
        amount=payment.amount, currency=payment.currency, method=payment.method, order_id=payment.order_id,
        key=each.key, payment_id=None if each.is_first else payment.id,
    )  # fmt: skip


def _earlier_authorisation(each: KeyedPayment) -> Answer | None:
    # The provider may have forgotten the idempotency key, so the same call would make a second payment. This happens to
    # a saga that was idle for long, or was restored from a backup. Its earlier payment is answered as the key would
    # have been, whatever happened to it since: the steps that follow find out.
    payment_id = None if each.is_first else each.payment.id
    made = [
        answer for answer in gateway().payments_of(order_id=each.payment.order_id) if answer.payment_id == payment_id
    ]
    holding = [answer for answer in made if answer.outcome in {"authorised", "captured"}]
    found = next(iter([*holding, *made]), None)
    if found is None or found.outcome == "declined":
        return found
    return replace(found, outcome="authorised", captured=0, refunds=())


def _void(each: KeyedPayment, *, now: datetime) -> Answer:
    ref = each.payment.provider_ref
    if ref is None:
        # The answer to our request was lost, or the request is still on its way. Repeated with the same key it returns
        # the payment that was made, and a request that arrives later cannot make a second one.
        answer = _authorise(each, now)
        if answer.outcome == "declined":
            return answer
        ref = answer.ref
    answer = gateway().void(ref=ref, key=f"{each.key}:void")
    return _refund(answer, each.key) if answer.outcome == "captured" else answer


def _refund(captured: Answer, key: str) -> Answer:
    answer = gateway().refund(ref=captured.ref, key=f"{key}:refund")
    if answer.outcome == "declined":
        return replace(answer, outcome="captured")
    return replace(answer, captured=captured.captured)
