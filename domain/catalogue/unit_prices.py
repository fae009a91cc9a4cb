"""The price of a unit of what a variant contains (Directive 98/6/EC, article 3)."""

from dataclasses import dataclass

from kit.money import Money, divide_half_up

BASES = {"g": (1000, "kg"), "ml": (1000, "l"), "cm": (100, "m"), "cm2": (10_000, "m2"), "piece": (1, "piece")}
"""Unit of the content: how many of it the unit of the price has, and the unit of the price."""


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """The price of a kilogram, a litre, a metre, a square metre or a piece."""

    price: Money
    unit: str


def unit_price(price: Money, *, content_amount: int | None, content_unit: str | None) -> UnitPrice | None:
    """The price of one unit of the content, rounded half up; None if the content is unknown."""
    if content_amount is None or content_unit is None:
        return None
    number, unit = BASES[content_unit]
    return UnitPrice(Money(divide_half_up(price.amount * number, content_amount), price.currency), unit)


def errors_of(content_amount: int | None, content_unit: str | None, *, path: str) -> dict[str, list[str]]:
    """The errors of a content by field, for Invalid; empty if it has both an amount and a unit, or neither."""
    if (content_amount is None) == (content_unit is None):
        return {}
    return {path: ["Send content_amount and content_unit together, or neither."]}
