"""The test cards and their behaviour.

Numbers and declines are Stripe's (https://docs.stripe.com/testing), except for three additional cards: SLOW, SILENT
and EXPIRING.
"""

import base64
import hashlib
from dataclasses import dataclass

APPROVED = "approved"
SLOW = "slow"
"""Authorises with a delayed response; a retry with the same key gets 409 meanwhile."""
SILENT = "silent"
"""Authorises, but the first response comes after any client timeout; a retry with the same key gets it at once."""

EXPIRING = "expiring"
"""Authorises, but the authorisation has expired when it is captured."""


@dataclass(frozen=True, slots=True)
class Decline:
    """A declined charge: Stripe's error code, the message, and the issuer's reason if there is one."""

    code: str
    message: str
    decline_code: str | None = None


DECLINES = {
    "generic_decline": Decline("card_declined", "Your card was declined.", "generic_decline"),
    "insufficient_funds": Decline("card_declined", "Your card has insufficient funds.", "insufficient_funds"),
    "lost_card": Decline("card_declined", "Your card was declined.", "lost_card"),
    "stolen_card": Decline("card_declined", "Your card was declined.", "stolen_card"),
    "expired_card": Decline("expired_card", "Your card has expired."),
    "incorrect_cvc": Decline("incorrect_cvc", "Your card's security code is incorrect."),
    "processing_error": Decline("processing_error", "An error occurred while processing your card."),
    "authentication_required": Decline(
        "card_declined", "Your card was declined: it asks for authentication.", "authentication_required"
    ),
}


@dataclass(frozen=True, slots=True)
class TestCard:
    """A test card. `behaviour` is APPROVED, SLOW, SILENT, EXPIRING or a key of DECLINES."""

    __test__ = False  # pytest: not a test class

    number: str
    brand: str
    token: str
    behaviour: str = APPROVED

    @property
    def fingerprint(self) -> str:
        """The same for every token of this card, as Stripe's is: 16 letters and digits."""
        digest = hashlib.blake2b(self.number.encode(), digest_size=10).digest()
        return base64.b32encode(digest).decode()


CARDS = (
    TestCard("4242424242424242", "visa", "pm_card_visa"),
    TestCard("4000056655665556", "visa", "pm_card_visa_debit"),
    TestCard("5555555555554444", "mastercard", "pm_card_mastercard"),
    TestCard("5200828282828210", "mastercard", "pm_card_mastercard_debit"),
    TestCard("5105105105105100", "mastercard", "pm_card_mastercard_prepaid"),
    TestCard("378282246310005", "amex", "pm_card_amex"),
    TestCard("6011111111111117", "discover", "pm_card_discover"),
    TestCard("3056930009020004", "diners", "pm_card_diners"),
    TestCard("3566002020360505", "jcb", "pm_card_jcb"),
    TestCard("6200000000000005", "unionpay", "pm_card_unionpay"),
    TestCard("4000000000000002", "visa", "pm_card_chargeDeclined", "generic_decline"),
    TestCard("4000000000009995", "visa", "pm_card_chargeDeclinedInsufficientFunds", "insufficient_funds"),
    TestCard("4000000000009987", "visa", "pm_card_chargeDeclinedLostCard", "lost_card"),
    TestCard("4000000000009979", "visa", "pm_card_chargeDeclinedStolenCard", "stolen_card"),
    TestCard("4000000000000069", "visa", "pm_card_chargeDeclinedExpiredCard", "expired_card"),
    TestCard("4000000000000127", "visa", "pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc"),
    TestCard("4000000000000119", "visa", "pm_card_chargeDeclinedProcessingError", "processing_error"),
    TestCard("4000002760003184", "visa", "pm_card_authenticationRequired", "authentication_required"),
    TestCard("4000002000020006", "visa", "pm_card_slow", SLOW),
    TestCard("4000003000030003", "visa", "pm_card_silent", SILENT),
    TestCard("4000004000040000", "visa", "pm_card_expiring", EXPIRING),
)

BY_NUMBER = {card.number: card for card in CARDS}
