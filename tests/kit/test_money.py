from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.money import CURRENCIES, TENDER, CurrencyMismatch, Money

amounts = st.integers(-(10**12), 10**12)
prices = st.integers(0, 10**9)
percents = st.integers(0, 100)


def euros(amount):
    return Money(amount, "EUR")


class TestMoney:
    @given(a=amounts, b=amounts)
    def test_adds_up_whichever_comes_first(self, a, b):
        assert euros(a) + euros(b) == euros(b) + euros(a) == euros(a + b)

    @given(a=amounts, n=st.integers(0, 50))
    def test_times_a_number_is_adding_it_that_often(self, a, n):
        assert euros(a) * n == sum([euros(a)] * n, euros(0))

    def test_refuses_to_mix_currencies(self):
        with pytest.raises(CurrencyMismatch, match="EUR and SEK do not mix"):
            euros(1) + Money(1, "SEK")

    @pytest.mark.parametrize("amount", [1.0, "1", True, None])
    def test_is_in_whole_minor_units(self, amount):
        with pytest.raises(TypeError, match="minor units are whole numbers"):
            Money(amount, "EUR")

    def test_is_not_multiplied_by_a_fraction(self):
        with pytest.raises(TypeError):
            euros(100) * 0.5

    @pytest.mark.parametrize("currency", ["", "eur", "EURO", "XXZ"])
    def test_has_a_currency_that_exists(self, currency):
        with pytest.raises(ValueError, match="no ISO 4217 currency code"):
            Money(1, currency)

    @pytest.mark.parametrize(
        ("money", "written"),
        [
            (euros(1999), "€19.99"),
            (euros(-199900), "-€1,999.00"),
            (Money(1999, "JPY"), "¥1,999"),
            (Money(1999, "BHD"), "BHD1.999"),
            (Money(1999, "RSD"), "RSD19.99"),
            (Money(1999, "ISK"), "ISK1,999"),
        ],
    )
    def test_is_written_with_the_decimals_of_its_minor_unit(self, money, written):
        assert str(money) == written


class TestTender:
    def test_is_what_one_can_pay_with_today(self):
        assert {"EUR", "USD", "JPY", "KWD", "RSD"} <= TENDER <= CURRENCIES
        assert TENDER.isdisjoint({"DEM", "XXX", "XTS", "XAU"})

    @pytest.mark.parametrize("currency", ["BGN", "HRK", "LTL", "ANG", "SLL", "ZWL", "CUC", "MRO", "STD", "VEF", "BYR"])
    def test_is_nothing_that_was_withdrawn_though_amounts_of_it_can_be_read(self, currency):
        assert currency not in TENDER
        assert currency in str(Money(1999, currency))

    def test_has_what_took_its_place(self):
        assert {"EUR", "XCG", "SLE", "ZWG", "CUP", "MRU", "STN", "VES", "BYN"} <= TENDER


class TestADiscount:
    @given(amount=prices, percent=percents)
    def test_leaves_the_nearest_amount_in_the_buyers_favour(self, amount, percent):
        exact = Fraction(amount * (100 - percent), 100)
        left = euros(amount).less_percent(percent).amount
        assert Fraction(-1, 2) <= left - exact < Fraction(1, 2)

    @given(amount=prices, percent=percents)
    def test_stays_between_nothing_and_the_whole(self, amount, percent):
        assert 0 <= euros(amount).less_percent(percent).amount <= amount

    @given(amount=prices)
    def test_of_nothing_and_of_everything(self, amount):
        assert euros(amount).less_percent(0) == euros(amount)
        assert euros(amount).less_percent(100) == euros(0)
