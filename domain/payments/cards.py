"""Checks a card passes before anything leaves for the provider. No message ever repeats what was typed."""

import re
from datetime import datetime

from stdnum import luhn

from domain.payments.gateway import Card
from kit.errors import Invalid

SHORTEST, LONGEST = 12, 19
"""Digits of a card's number: ISO/IEC 7812-1 allows 19, and nobody issues fewer than 12."""
NUMBER = re.compile(rf"[0-9]{{{SHORTEST},{LONGEST}}}")
AMEX = re.compile(r"3[47]")
FIELD = "payment.card."


def check(card: Card, *, now: datetime) -> None:
    """Raise Invalid, with fields such as `payment.card.number`, unless the card could be a real one.

    A card is good to the last day of its month (UTC). Spaces, also no-break ones, and dashes in the number are fine.
    """
    faults = {"number": _number(card), **_expiry(card, now), "cvc": _cvc(card)}
    fields = {FIELD + name: [fault] for name, fault in faults.items() if fault}
    if fields:
        raise Invalid("The card is not valid.", fields=fields)


def _number(card: Card) -> str | None:
    if not NUMBER.fullmatch(card.digits):
        return "A card number has 12 to 19 digits."
    if not luhn.is_valid(card.digits):
        return "This is not a card number: its check digit does not fit. Is a digit mistyped?"
    return None


def _expiry(card: Card, now: datetime) -> dict[str, str]:
    faults = {}
    if card.exp_month not in range(1, 13):
        faults["exp_month"] = "A month is a number from 1 to 12."
    if card.exp_year not in range(1000, 10_000):
        faults["exp_year"] = "Write the year with four digits, such as 2030."
    if not faults and (card.exp_year, card.exp_month) < (now.year, now.month):
        faults["exp_year" if card.exp_year < now.year else "exp_month"] = "The card has expired."
    return faults


def _cvc(card: Card) -> str | None:
    length = 4 if AMEX.match(card.digits) else 3
    if not re.fullmatch(f"[0-9]{{{length}}}", card.cvc):
        return f"The security code of this kind of card has {length} digits."
    return None
