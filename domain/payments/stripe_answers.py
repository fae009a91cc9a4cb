"""What Stripe says, in OrderX's words."""

from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from domain.payments.cards import FIELD
from domain.payments.errors import CardRefused, KeyReused
from domain.payments.gateway import Answer, Outcome, ProviderUnavailable
from domain.payments.stripe_amounts import from_stripe

FAULTS = {
    "number": "The payment provider does not accept this card number.",
    "exp_month": "The payment provider does not accept this expiry month.",
    "exp_year": "The payment provider does not accept this expiry year.",
    "cvc": "The payment provider does not accept this security code.",
}


@contextmanager
def or_unavailable() -> Iterator[None]:
    """Let a clear refusal through; turn every other error, which leaves the outcome open, into ProviderUnavailable."""
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError):
        raise
    except stripe.IdempotencyError:
        raise KeyReused from None
    except stripe.StripeError as error:
        cause = f"HTTP status {error.http_status}" if error.http_status else "no whole answer"
        raise ProviderUnavailable(f"The payment provider does not answer as it should: {cause}.") from None


def standing(intent: stripe.PaymentIntent) -> Answer:
    """What a payment is now; raises ProviderUnavailable while Stripe itself has not decided."""
    match intent.status:
        case "requires_capture":
            return _answer("authorised", intent, intent.amount_capturable)
        case "succeeded":
            return _taken(intent)
        case "canceled":
            return _answer("voided", intent, intent.amount)
        case "requires_payment_method":
            error = intent.last_payment_error
            card = card_of(getattr(error, "payment_method", None))
            return Answer("declined", intent.id, 0, _code(error), error.message if error else None, card)
        case undecided:
            raise ProviderUnavailable(f"The payment provider has not decided yet: the payment is {undecided}.")


def _taken(intent: stripe.PaymentIntent) -> Answer:
    charge = intent.latest_charge
    if isinstance(charge, stripe.Charge) and charge.refunded:
        return _answer("refunded", intent, charge.amount_refunded)
    return _answer("captured", intent, intent.amount_received)


def _answer(outcome: Outcome, intent: stripe.PaymentIntent, units: int) -> Answer:
    return Answer(outcome, intent.id, from_stripe(units, intent.currency))


def declined(error: stripe.CardError) -> Answer:
    """A decline, with the issuer's reason where it gives one and else Stripe's."""
    intent = getattr(error.error, "payment_intent", None)
    card = card_of(getattr(error.error, "payment_method", None))
    return Answer("declined", intent.id if intent else "", 0, _code(error.error), error.user_message, card)


def card_of(method: stripe.PaymentMethod | None) -> str | None:
    """Stripe's fingerprint of the method's card, which is the same for every token of that card."""
    return getattr(getattr(method, "card", None), "fingerprint", None)


def _code(error: object) -> str:
    return getattr(error, "decline_code", None) or getattr(error, "code", None) or "card_declined"


def refused_card(error: stripe.CardError | stripe.InvalidRequestError) -> CardRefused:
    """Which part of the card was refused, in our words: Stripe's message may repeat what was typed."""
    if isinstance(error, stripe.InvalidRequestError) and not error.param:
        fault = "The payment provider wants browsers to send it the card: use `payment_method` instead."
        return CardRefused("The card was not accepted.", fields={FIELD.rstrip("."): [fault]})
    name = (error.param or "").removeprefix("card[").removesuffix("]")
    name = name if name in FAULTS else "number"
    return CardRefused("The card was not accepted.", fields={FIELD + name: [FAULTS[name]]})
