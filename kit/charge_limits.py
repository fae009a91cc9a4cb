"""The amounts that cards can be charged in each currency, by the rules of Stripe (docs.stripe.com/currencies)."""

from typing import NamedTuple

from kit.money import LARGEST_AMOUNT

CHARGE_STEPS = {**dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 10), "MGA": 100}
"""A charge must be a multiple of this many minor units: the third decimal must be 0, and ariary have no decimals."""
MINIMUM_CHARGES = {
    "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
    "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200,
    "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip
"""The smallest charge in minor units. In other currencies it depends on the exchange rate, which only Stripe knows."""
_LARGEST = dict.fromkeys(("ISK", "UGX"), 999_999)
"""Where Stripe's eight digits have two decimals, and the currency has none."""


class ChargeLimits(NamedTuple):
    """Amounts that can be charged: multiples of `step` from `minimum` to `maximum`, all in minor units."""

    step: int
    minimum: int
    maximum: int


def charge_limits(currency: str) -> ChargeLimits:
    """Return the charge limits of a currency (ISO 4217), as far as they are fixed."""
    step = CHARGE_STEPS.get(currency, 1)
    maximum = _LARGEST.get(currency, LARGEST_AMOUNT)
    return ChargeLimits(step, max(MINIMUM_CHARGES.get(currency, 1), step), maximum // step * step)
