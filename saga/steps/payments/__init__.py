"""Call the payment provider for all payments of a subject, and translate its answers into the outcome of a step."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from domain.payments.gateway import Answer
from domain.payments.queries import PaymentSummary
from saga.engine.errors import Refused
from saga.engine.step_functions import Outcome

AnswersByPayment = Mapping[UUID, Answer]
"""The provider's answers, by payment id."""


class KeyedPayment(NamedTuple):
    """A payment to call the provider for, and the idempotency key of that call."""

    payment: PaymentSummary
    key: str
    is_first: bool
    """Whether it is the order's first payment, which is mostly the only one."""

    @property
    def ref(self) -> str:
        """The provider's id of the payment."""
        return self.payment.provider_ref or ""


def with_keys(payments: Sequence[PaymentSummary], key: str) -> list[KeyedPayment]:
    """The payments that have an amount, with their keys: for the first payment of the subject it is the step's."""
    return [
        KeyedPayment(payment, f"{key}:{payment.id}" if place else key, is_first=not place)
        for place, payment in enumerate(payments)
        if payment.amount
    ]


def call_each(payments: Iterable[KeyedPayment], call: Callable[[KeyedPayment], Answer]) -> AnswersByPayment:
    """Call the provider for one payment after the other.

    An error leaves the outcome of that call unknown, and all of them are to be repeated, with the same keys.
    """
    return {each.payment.id: call(each) for each in payments}


def merge_answers(answers: Mapping[UUID, AnswersByPayment]) -> AnswersByPayment:
    """Return the answers of all subjects, by payment id."""
    return {payment_id: answer for of_subject in answers.values() for payment_id, answer in of_subject.items()}


def outcome_of(answers: AnswersByPayment) -> Outcome:
    """Refuse the step if a payment was declined; otherwise return the provider's references."""
    for answer in answers.values():
        if answer.outcome == "declined":
            return Refused(answer.code or "declined", answer.detail)
    refs = [answer.ref for answer in answers.values()]
    return {"provider_ref": refs[0]} if len(refs) == 1 else {"provider_refs": refs}
