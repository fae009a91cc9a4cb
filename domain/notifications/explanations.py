"""Why an order failed and what its buyer can do, in the buyer's words."""

from typing import NamedTuple

from kit.db import Json


class Explanation(NamedTuple):
    """Two sentences of a mail: what happened, and what helps."""

    why: str
    remedy: str


OTHER_CARD = "Please order again with another card."
CHECK_CARD = "Please check the details on your card and order again."
ASK_BANK = "Please ask your bank, or order again with another card."

# The codes are Stripe's (https://docs.stripe.com/declines/codes) and those of our own steps.
EXPLANATIONS: dict[str, Explanation] = {
    "insufficient_funds": Explanation("There was not enough money on your card's account.", OTHER_CARD),
    "expired_card": Explanation("Your card has expired.", OTHER_CARD),
    "incorrect_number": Explanation("The card number is not right.", CHECK_CARD),
    "invalid_number": Explanation("The card number is not right.", CHECK_CARD),
    "incorrect_cvc": Explanation("The card's security code is not right.", CHECK_CARD),
    "invalid_cvc": Explanation("The card's security code is not right.", CHECK_CARD),
    "invalid_expiry_month": Explanation("The card's expiry date is not right.", CHECK_CARD),
    "invalid_expiry_year": Explanation("The card's expiry date is not right.", CHECK_CARD),
    "card_velocity_exceeded": Explanation("Your card has reached its limit.", ASK_BANK),
    "withdrawal_count_limit_exceeded": Explanation("Your card has reached its limit.", ASK_BANK),
    "card_not_supported": Explanation("Your card cannot be used for this kind of purchase.", OTHER_CARD),
    "currency_not_supported": Explanation("Your card cannot pay in this currency.", OTHER_CARD),
    "authentication_required": Explanation(
        "Your bank wanted you to confirm the payment, and that did not happen.",
        "Please order again and confirm the payment when your bank asks.",
    ),
    "processing_error": Explanation(
        "Something went wrong while your card was being processed.",
        "Your card may be fine: please order again in a few minutes.",
    ),
    "too_many_declines": Explanation(
        "Too many payments were declined within a few minutes, so your bank was not asked again.",
        "Please order again in ten minutes.",
    ),
    "out_of_stock": Explanation(
        "Something you ordered was sold out before we could set it aside for you.",
        "Please order again without it, or try later.",
    ),
}
DECLINED = Explanation("Your bank declined the payment and did not tell us why.", ASK_BANK)
# Also when the card is known to be lost, stolen or used in fraud: whoever holds it must not learn that.
DECLINES = frozenset({
    "call_issuer", "card_declined", "declined", "do_not_honor", "do_not_try_again", "fraudulent", "generic_decline",
    "lost_card", "merchant_blacklist", "no_action_taken", "not_permitted", "pickup_card", "restricted_card",
    "revocation_of_all_authorizations", "revocation_of_authorization", "security_violation", "service_not_allowed",
    "stolen_card", "stop_payment_order", "transaction_not_allowed", "try_again_later",
})  # fmt: skip
UNFINISHED = Explanation(
    "Something went wrong on our side.", "Please order again later, or ask the shop if it keeps happening."
)


def explain(code: str) -> Explanation:
    """The explanation of a failure's code."""
    return DECLINED if code in DECLINES else EXPLANATIONS.get(code, UNFINISHED)


GENERIC_DECLINE, UNFINISHED_CODE = "generic_decline", "not_completed"
_AS_IT_IS = frozenset({"cancelled", "payment_provider_unavailable"})
"""Codes of ours that tell buyers nothing that they should not know."""


def for_buyer(failure: Json) -> Json:
    """A failure as its buyer may read it: our words, and a generic code where the reason is for the seller alone.

    What somebody gave as the reason of a cancellation, and which product there is not enough of, stays.
    """
    code = _code_for_buyer(failure.get("code", ""))
    detail = failure.get("detail")
    if code != "cancelled" and not (code == "out_of_stock" and detail):
        detail = " ".join(explain(code))
    return {**failure, "code": code, "detail": detail}


def _code_for_buyer(code: str) -> str:
    if code in DECLINES:
        return GENERIC_DECLINE
    return code if code in EXPLANATIONS or code in _AS_IT_IS else UNFINISHED_CODE
