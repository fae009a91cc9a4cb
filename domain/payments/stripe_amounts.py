"""Amounts as Stripe counts them, and which of them it charges (docs.stripe.com/currencies)."""

from fractions import Fraction
from functools import cache
from typing import NamedTuple

from kit.money import LARGEST_AMOUNT

_OF_OURS = {"ISK": Fraction(100), "UGX": Fraction(100), "MGA": Fraction(1, 100)}
"""How many of Stripe's units one minor unit is, where it is not one."""
_STEP = {**dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 10), "MGA": 100}
"""Minor units of which a charge is a multiple: of three decimals the last is 0, and ariary have none."""
LEAST = {
    "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
    "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200,
    "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip
"""Minor units of the smallest charge; in other currencies it depends on the day's rate, and Stripe alone knows it."""


class ChargeLimits(NamedTuple):
    """What can be charged at once: multiples of `step` from `least` to `most`, all in minor units."""

    step: int
    least: int
    most: int


@cache
def charge_limits(currency: str) -> ChargeLimits:
    """What Stripe charges in this currency (ISO 4217), as far as it is the same every day."""
    step = _STEP.get(currency, 1)
    most = min(LARGEST_AMOUNT, from_stripe(LARGEST_AMOUNT, currency))
    return ChargeLimits(step, max(LEAST.get(currency, 1), step), most // step * step)


def to_stripe(amount: int, currency: str) -> int | None:
    """So many minor units as Stripe counts them; None for what it does not take."""
    if amount % _STEP.get(currency.upper(), 1):
        return None
    return int(amount * _OF_OURS.get(currency.upper(), Fraction(1)))


def from_stripe(units: int, currency: str) -> int:
    """In minor units, what Stripe counts as so many; what is less than one of them is left out."""
    return int(units / _OF_OURS.get(currency.upper(), Fraction(1)))
