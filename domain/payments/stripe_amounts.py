"""Amounts as Stripe counts them (docs.stripe.com/currencies), where that is not in ISO 4217's minor units."""

from fractions import Fraction

_OF_OURS = {"ISK": Fraction(100), "UGX": Fraction(100), "MGA": Fraction(1, 100)}
"""How many of Stripe's units one minor unit is, where it is not one."""


def to_stripe(amount: int, currency: str) -> int | None:
    """So many minor units as Stripe counts them; None for what it cannot count."""
    units = amount * _OF_OURS.get(currency.upper(), Fraction(1))
    return units.numerator if units.denominator == 1 else None


def from_stripe(units: int, currency: str) -> int:
    """In minor units, what Stripe counts as so many."""
    return round(units / _OF_OURS.get(currency.upper(), Fraction(1)))
