"""Messages for buyers: why an order failed, and what they can do."""

from typing import NamedTuple

from kit.db import Json


class FailureMessage(NamedTuple):
    """Two sentences of a mail: what happened, and what the buyer can do."""

    why: str
    remedy: str


OTHER_CARD = "Please order again with another card."
CHECK_CARD = "Please check the details on your card and order again."
ASK_BANK = "Please ask your bank, or order again with another card."

# Codes of Stripe (https://docs.stripe.com/declines/codes) and of our own steps.
MESSAGES: dict[str, FailureMessage] = {
    "insufficient_funds": FailureMessage("There was not enough money on your card's account.", OTHER_CARD),
    "expired_card": FailureMessage("Your card has expired.", OTHER_CARD),
    "incorrect_number": FailureMessage("The card number is not right.", CHECK_CARD),
    "invalid_number": FailureMessage("The card number is not right.", CHECK_CARD),
    "incorrect_cvc": FailureMessage("The card's security code is not right.", CHECK_CARD),
    "invalid_cvc": FailureMessage("The card's security code is not right.", CHECK_CARD),
    "invalid_expiry_month": FailureMessage("The card's expiry date is not right.", CHECK_CARD),
    "invalid_expiry_year": FailureMessage("The card's expiry date is not right.", CHECK_CARD),
    "card_velocity_exceeded": FailureMessage("Your card has reached its limit.", ASK_BANK),
    "withdrawal_count_limit_exceeded": FailureMessage("Your card has reached its limit.", ASK_BANK),
    "card_not_supported": FailureMessage("Your card cannot be used for this kind of purchase.", OTHER_CARD),
    "currency_not_supported": FailureMessage("Your card cannot pay in this currency.", OTHER_CARD),
    "authentication_required": FailureMessage(
        "Your bank wanted you to confirm the payment, and that did not happen.",
        "Please order again and confirm the payment when your bank asks.",
    ),
    "processing_error": FailureMessage(
        "Something went wrong while your card was being processed.",
        "Your card may be fine: please order again in a few minutes.",
    ),
    "too_many_declines": FailureMessage(
        "Too many payments were declined within a few minutes, so your bank was not asked again.",
        "Please order again in ten minutes.",
    ),
    "out_of_stock": FailureMessage(
        "Something you ordered was sold out before we could set it aside for you.",
        "Please order again without it, or try later.",
    ),
}
DECLINED = FailureMessage("Your bank declined the payment and did not tell us why.", ASK_BANK)
# Includes lost and stolen cards and suspected fraud, which the holder of the card must not learn.
DECLINES = frozenset({
    "call_issuer", "card_declined", "declined", "do_not_honor", "do_not_try_again", "fraudulent", "generic_decline",
    "lost_card", "merchant_blacklist", "no_action_taken", "not_permitted", "pickup_card", "restricted_card",
    "revocation_of_all_authorizations", "revocation_of_authorization", "security_violation", "service_not_allowed",
    "stolen_card", "stop_payment_order", "transaction_not_allowed", "try_again_later",
})  # fmt: skip
UNFINISHED = FailureMessage(
    "Something went wrong on our side.", "Please order again later, or ask the shop if it keeps happening."
)


def explain(code: str) -> FailureMessage:
    """Return the message for a failure code."""
    return DECLINED if code in DECLINES else MESSAGES.get(code, UNFINISHED)


GENERIC_DECLINE, UNFINISHED_CODE = "generic_decline", "not_completed"
_UNCHANGED = frozenset({"cancelled", "payment_provider_unavailable"})
"""Our own codes that buyers can see."""


def for_buyer(failure: Json) -> Json:
    """Return a failure as buyers can see it: with our message, and a generic code if the reason is only for the seller.

    The reason of a cancellation, and the product that is out of stock, are kept.
    """
    code = _code_for_buyer(failure.get("code", ""))
    detail = failure.get("detail")
    if code != "cancelled" and not (code == "out_of_stock" and detail):
        detail = " ".join(explain(code))
    return {**failure, "code": code, "detail": detail}


def _code_for_buyer(code: str) -> str:
    if code in DECLINES:
        return GENERIC_DECLINE
    return code if code in MESSAGES or code in _UNCHANGED else UNFINISHED_CODE
