"""Translate an answer of the payment provider into the outcome of a step."""

from domain.payments.gateway import Answer
from saga.engine.errors import Refused
from saga.engine.step_functions import Outcome


def outcome_of(answer: Answer) -> Outcome:
    """Refuse the step if the payment was declined; otherwise return the provider's reference."""
    if answer.outcome == "declined":
        return Refused(answer.code or "declined", answer.detail)
    return {"provider_ref": answer.ref}
