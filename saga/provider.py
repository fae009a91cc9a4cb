"""What the payment provider's answer comes to for a step."""

from domain.payments.gateway import Answer
from saga.engine.declaration import Outcome
from saga.engine.errors import Refused


def outcome_of(answer: Answer) -> Outcome:
    """A decline refuses the step; anything else is done, under the provider's reference."""
    if answer.outcome == "declined":
        return Refused(answer.code or "declined", answer.detail)
    return {"provider_ref": answer.ref}
