"""Converting amounts to Stripe's units, and the amounts that Stripe can charge (docs.stripe.com/currencies)."""

from fractions import Fraction
from functools import cache
from typing import NamedTuple

from kit.money import LARGEST_AMOUNT

_STRIPE_UNITS = {"ISK": Fraction(100), "UGX": Fraction(100), "MGA": Fraction(1, 100)}
"""Stripe's units per minor unit, for currencies where they differ."""
_STEP = {**dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 10), "MGA": 100}
"""A charge must be a multiple of this many minor units: the third decimal must be 0, and ariary have no decimals."""
MINIMUM_CHARGES = {
    "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
    "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200,
    "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip
"""The smallest charge in minor units. In other currencies it depends on the exchange rate, which only Stripe knows."""


class ChargeLimits(NamedTuple):
    """Amounts that can be charged: multiples of `step` from `minimum` to `maximum`, all in minor units."""

    step: int
    minimum: int
    maximum: int


@cache
def charge_limits(currency: str) -> ChargeLimits:
    """Return the charge limits of a currency (ISO 4217), as far as they are fixed."""
    step = _STEP.get(currency, 1)
    maximum = min(LARGEST_AMOUNT, from_stripe(LARGEST_AMOUNT, currency))
    return ChargeLimits(step, max(MINIMUM_CHARGES.get(currency, 1), step), maximum // step * step)


def to_stripe(amount: int, currency: str) -> int | None:
    """Convert minor units to Stripe's units; None for amounts that Stripe cannot charge."""
    if amount % _STEP.get(currency.upper(), 1):
        return None
    return int(amount * _STRIPE_UNITS.get(currency.upper(), Fraction(1)))


def from_stripe(units: int, currency: str) -> int:
    """Convert Stripe's units to minor units, rounded down."""
    return int(units / _STRIPE_UNITS.get(currency.upper(), Fraction(1)))
