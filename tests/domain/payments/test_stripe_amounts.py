"""Amounts in Stripe's units, for every currency."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payments.stripe_amounts import from_stripe, to_stripe
from kit.charge_limits import charge_limits
from kit.money import CURRENCIES, LARGEST_AMOUNT

currencies = st.sampled_from(sorted(CURRENCIES))


class TestChargeLimits:
    @given(currencies, st.data())
    def test_allow_amounts_of_at_most_eight_digits_at_stripe(self, currency, data):
        step, least, most = charge_limits(currency)
        amount = data.draw(st.integers(least // step, most // step)) * step
        units = to_stripe(amount, currency)
        assert least <= amount <= most
        assert 1 <= units <= LARGEST_AMOUNT
        assert from_stripe(units, currency) == amount

    @pytest.mark.parametrize(
        ("currency", "limits"),
        [
            ("EUR", (1, 50, 99_999_999)),
            ("CZK", (1, 1500, 99_999_999)),
            ("KWD", (10, 10, 99_999_990)),
            ("MGA", (100, 100, 99_999_900)),
            ("ISK", (1, 1, 999_999)),
            ("UGX", (1, 1, 999_999)),
        ],
    )
    def test_depend_on_the_currency(self, currency, limits):
        assert charge_limits(currency) == limits


class TestToStripe:
    @pytest.mark.parametrize(("currency", "amount"), [("KWD", 1333), ("bhd", 1), ("MGA", 150)])
    def test_refuses_amounts_that_stripe_does_not_accept(self, currency, amount):
        assert to_stripe(amount, currency) is None
