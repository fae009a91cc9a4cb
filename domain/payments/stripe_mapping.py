"""Mapping Stripe's objects and errors to the gateway's answers and errors."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

import stripe

from domain.payments.cards import FIELD_PREFIX
from domain.payments.errors import CardRefused, ProviderKeyReused
from domain.payments.gateway import Answer, Outcome, ProviderRefund, ProviderUnavailable
from domain.payments.stripe_amounts import from_stripe

CARD_FAULT_MESSAGES = {
    "number": "The payment provider does not accept this card number.",
    "exp_month": "The payment provider does not accept this expiry month.",
    "exp_year": "The payment provider does not accept this expiry year.",
    "cvc": "The payment provider does not accept this security code.",
}


@contextmanager
def mapped_errors() -> Iterator[None]:
    """Raise ProviderUnavailable for errors that leave the outcome unknown. Clear refusals are raised unchanged."""
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError):
        raise
    except stripe.IdempotencyError:
        raise ProviderKeyReused from None
    except stripe.StripeError as error:
        cause = f"HTTP status {error.http_status}" if error.http_status else "no complete response"
        raise ProviderUnavailable(f"The payment provider did not answer properly: {cause}.") from None


def to_answer(intent: stripe.PaymentIntent) -> Answer:
    """Map a PaymentIntent to its current state; raises ProviderUnavailable while Stripe is still processing it."""
    return replace(_state(intent), payment_id=id_in_metadata(intent, "payment_id"))


def id_in_metadata(made: stripe.PaymentIntent | stripe.Refund, name: str) -> UUID | None:
    """Return an id that was given when the payment or the refund was made, if there is one."""
    try:
        return UUID(made.metadata[name]) if made.metadata else None
    except (KeyError, ValueError):
        return None


def _state(intent: stripe.PaymentIntent) -> Answer:
    match intent.status:
        case "requires_capture":
            return _answer("authorised", intent, intent.amount_capturable)
        case "succeeded":
            return _captured_or_refunded(intent)
        case "canceled":
            return _answer("voided", intent, intent.amount)
        case "requires_payment_method":
            error = intent.last_payment_error
            fingerprint = card_fingerprint(getattr(error, "payment_method", None))
            return Answer("declined", intent.id, 0, _code(error), error.message if error else None, fingerprint)
        case undecided:
            raise ProviderUnavailable(
                f"The payment provider is still processing the payment: its status is {undecided}."
            )


def _captured_or_refunded(intent: stripe.PaymentIntent) -> Answer:
    refunded = amount_refunded(intent)
    is_refunded = 0 < intent.amount_received == refunded
    answer = (
        _answer("refunded", intent, refunded) if is_refunded else _answer("captured", intent, intent.amount_received)
    )
    received, returned = (from_stripe(units, intent.currency) for units in (intent.amount_received, refunded))
    return replace(answer, captured=received, refunded=returned)


def amount_refunded(intent: stripe.PaymentIntent) -> int:
    """Return what was refunded, in Stripe's units, if the intent was read with its `latest_charge`; else 0."""
    charge = intent.latest_charge
    return charge.amount_refunded if isinstance(charge, stripe.Charge) else 0


def to_refund(refund: stripe.Refund) -> ProviderRefund:
    """Map a Refund."""
    amount = from_stripe(refund.amount, refund.currency)
    return ProviderRefund(refund.id, amount, id_in_metadata(refund, "refund_id"))


def _answer(outcome: Outcome, intent: stripe.PaymentIntent, units: int) -> Answer:
    return Answer(outcome, intent.id, from_stripe(units, intent.currency))


def to_decline(error: stripe.CardError) -> Answer:
    """Map a card error to a decline, with the issuer's code if there is one, or else Stripe's."""
    intent = getattr(error.error, "payment_intent", None)
    fingerprint = card_fingerprint(getattr(error.error, "payment_method", None))
    return Answer("declined", intent.id if intent else "", 0, _code(error.error), error.user_message, fingerprint)


def card_fingerprint(method: stripe.PaymentMethod | None) -> str | None:
    """Return Stripe's fingerprint of the card, which is the same for all its tokens."""
    return getattr(getattr(method, "card", None), "fingerprint", None)


def _code(error: object) -> str:
    return getattr(error, "decline_code", None) or getattr(error, "code", None) or "card_declined"


def to_card_refused(error: stripe.CardError | stripe.InvalidRequestError) -> CardRefused:
    """Map the error to a CardRefused with our own message, because Stripe's message can repeat the input."""
    if isinstance(error, stripe.InvalidRequestError) and not error.param:
        error_text = "The payment provider does not accept raw card data here: use `payment_method` instead."
        return CardRefused("The card was not accepted.", fields={FIELD_PREFIX.rstrip("."): [error_text]})
    name = (error.param or "").removeprefix("card[").removesuffix("]")
    name = name if name in CARD_FAULT_MESSAGES else "number"
    return CardRefused("The card was not accepted.", fields={FIELD_PREFIX + name: [CARD_FAULT_MESSAGES[name]]})
