"""Converting amounts to Stripe's units (docs.stripe.com/currencies)."""

from fractions import Fraction

from kit.charge_limits import CHARGE_STEPS

_STRIPE_UNITS = {"ISK": Fraction(100), "UGX": Fraction(100), "MGA": Fraction(1, 100)}
"""Stripe's units per minor unit, for currencies where they differ."""


def to_stripe(amount: int, currency: str) -> int | None:
    """Convert minor units to Stripe's units; None for amounts that Stripe cannot charge."""
    if amount % CHARGE_STEPS.get(currency.upper(), 1):
        return None
    return int(amount * _STRIPE_UNITS.get(currency.upper(), Fraction(1)))


def from_stripe(units: int, currency: str) -> int:
    """Convert Stripe's units to minor units, rounded down."""
    return int(units / _STRIPE_UNITS.get(currency.upper(), Fraction(1)))
