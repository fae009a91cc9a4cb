"""Refund a paid order that is cancelled."""

from collections.abc import Generator, Sequence
from functools import partial

from domain.payments import payment_records as payments
from domain.payments.gateway import Answer
from domain.payments.queries import PaymentSummary
from domain.payments.stripe_gateway import gateway
from saga.engine.errors import TryAgain
from saga.engine.retries import UNTIL_DONE
from saga.engine.step import step
from saga.engine.step_functions import Call, Outcome, Subject
from saga.steps.payments import AnswersByPayment, KeyedPayment, call_each, with_keys


@step(area="payments", retries=UNTIL_DONE, irreversible="a refunded buyer is not charged again without consent")
def refund_order(subject: Subject, payments_of: Sequence[PaymentSummary]) -> Generator[Call, AnswersByPayment, Outcome]:
    """Refund to the buyer all that is left of each payment."""
    keys = with_keys(payments_of, subject.idempotency_key)
    to_refund = [each for each in keys if each.payment.status == "captured"]
    if not to_refund:
        return None
    answers = yield partial(call_each, to_refund, _refund)
    refunded = {id_: answer for id_, answer in answers.items() if answer.outcome == "refunded"}
    payments.record(answers=refunded, now=subject.now)
    for answer in answers.values():
        if answer.outcome != "refunded":
            return TryAgain(answer.code or answer.outcome, answer.detail)
    refs = [answer.ref for answer in answers.values()]
    return {"provider_ref": refs[0]} if len(refs) == 1 else {"provider_refs": refs}


def _refund(each: KeyedPayment) -> Answer:
    return gateway().refund(ref=each.ref, key=each.key)
