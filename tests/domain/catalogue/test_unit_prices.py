"""The price of a unit of what a variant contains."""

import pytest

from domain.catalogue.unit_prices import unit_price
from kit.money import Money


@pytest.mark.parametrize(
    ("price", "amount", "unit", "expected"),
    [
        (199, 250, "g", (796, "kg")),
        (100, 3, "piece", (33, "piece")),
        (5, 2, "piece", (3, "piece")),  # half up
        (149, 750, "ml", (199, "l")),
        (1000, 250, "cm", (400, "m")),
        (1000, 20_000, "cm2", (500, "m2")),
    ],
)
def test_is_rounded_half_up(price, amount, unit, expected):
    found = unit_price(Money(price, "EUR"), content_amount=amount, content_unit=unit)
    assert (found.price.amount, found.unit) == expected


def test_is_unknown_without_a_content():
    assert unit_price(Money(100, "EUR"), content_amount=None, content_unit=None) is None
