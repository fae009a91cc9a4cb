"""Validating card data before it is sent to the provider. Messages never repeat the input."""

import re
from datetime import datetime

from stdnum import luhn

from domain.payments.gateway import Card
from kit.errors import Invalid

MIN_DIGITS, MAX_DIGITS = 12, 19
"""Digits of a card number: ISO/IEC 7812-1 allows up to 19, and no issuer uses fewer than 12."""
NUMBER_PATTERN = re.compile(rf"[0-9]{{{MIN_DIGITS},{MAX_DIGITS}}}")
AMEX_PATTERN = re.compile(r"3[47]")
FIELD_PREFIX = "payment.card."


def check(card: Card, *, now: datetime) -> None:
    """Raise Invalid, with fields such as `payment.card.number`, for a card that cannot be real.

    A card is valid until the last day of its month (UTC). The number can contain spaces, also no-break ones, and
    dashes.
    """
    errors = {"number": _number_error(card), **_expiry_errors(card, now), "cvc": _cvc_error(card)}
    fields = {FIELD_PREFIX + name: [error] for name, error in errors.items() if error}
    if fields:
        raise Invalid("The card is not valid.", fields=fields)


def _number_error(card: Card) -> str | None:
    if not NUMBER_PATTERN.fullmatch(card.digits):
        return "A card number has 12 to 19 digits."
    if not luhn.is_valid(card.digits):
        return "The check digit of the card number is wrong. Is a digit mistyped?"
    return None


def _expiry_errors(card: Card, now: datetime) -> dict[str, str]:
    errors = {}
    if card.exp_month not in range(1, 13):
        errors["exp_month"] = "The month must be from 1 to 12."
    if card.exp_year not in range(1000, 10_000):
        errors["exp_year"] = "The year must have four digits, such as 2030."
    if not errors and (card.exp_year, card.exp_month) < (now.year, now.month):
        errors["exp_year" if card.exp_year < now.year else "exp_month"] = "The card has expired."
    return errors


def _cvc_error(card: Card) -> str | None:
    length = 4 if AMEX_PATTERN.match(card.digits) else 3
    if not re.fullmatch(f"[0-9]{{{length}}}", card.cvc):
        return f"The security code of this kind of card has {length} digits."
    return None
