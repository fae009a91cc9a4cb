from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pricing import taxes
from domain.pricing.taxes import TaxRate, TaxSum
from kit.money import CurrencyMismatch, Money
from tests.vectors import MONEY

rates = st.builds(
    TaxRate,
    st.decimals(0, 100, places=4, allow_nan=False, allow_infinity=False),
    st.sampled_from(["S", "Z", "AE"]),
)
baskets = st.lists(rates, min_size=1, max_size=3).flatmap(
    lambda some: st.lists(st.tuples(st.integers(0, 10**8), st.sampled_from(some)), min_size=1, max_size=25)
)


def euros(amount):
    return Money(amount, "EUR")


def taxed(case):
    return [(euros(line["amount"]), TaxRate(Decimal(line["percent"]))) for line in case["amounts"]]


class TestCalculate:
    @pytest.mark.parametrize("case", MONEY["taxes"], ids=lambda case: case["case"])
    def test_rounds_as_the_standard_does(self, case):
        found = taxes.calculate(taxed(case), included=case["included"], rounded_per_line=case["rounded_per_line"])
        assert found.sums == tuple(
            TaxSum(TaxRate(Decimal(line["percent"])), net=euros(line["net"]), tax=euros(line["tax"]))
            for line in case["sums"]
        )
        assert found.shares == tuple(map(euros, case["shares"]))

    @given(basket=baskets, included=st.booleans(), rounded_per_line=st.booleans())
    def test_shares_sum_to_the_tax_of_their_rate(self, basket, included, rounded_per_line):
        amounts = [(euros(amount), rate) for amount, rate in basket]
        found = taxes.calculate(amounts, included=included, rounded_per_line=rounded_per_line)
        for line in found.sums:
            at = [position for position, (_, rate) in enumerate(amounts) if rate == line.rate]
            assert sum(found.shares[position].amount for position in at) == line.tax.amount
            total = sum(amounts[position][0].amount for position in at)
            assert total == line.net.amount + line.tax.amount * included

    @given(basket=baskets, included=st.booleans())
    def test_of_a_rate_is_within_half_a_minor_unit_of_the_exact_one(self, basket, included):
        found = taxes.calculate([(euros(amount), rate) for amount, rate in basket], included=included)
        for line in found.sums:
            total = sum(amount for amount, rate in basket if rate == line.rate)
            percent = Fraction(line.rate.percent)
            exact = total * percent / (100 + percent if included else 100)
            assert abs(line.tax.amount - exact) <= Fraction(1, 2)

    @given(basket=baskets, included=st.booleans(), rounded_per_line=st.booleans())
    def test_of_a_credit_mirrors_its_charge(self, basket, included, rounded_per_line):
        charge, credit = (
            taxes.calculate(
                [(euros(sign * amount), rate) for amount, rate in basket],
                included=included,
                rounded_per_line=rounded_per_line,
            )
            for sign in (1, -1)
        )
        assert [share.amount for share in credit.shares] == [-share.amount for share in charge.shares]

    def test_keeps_categories_of_one_percentage_apart(self):
        zero, reverse = TaxRate(Decimal(0), "Z"), TaxRate(Decimal(0), "AE")
        found = taxes.calculate([(euros(100), zero), (euros(200), reverse)], included=False)
        assert [(line.rate, line.net.amount) for line in found.sums] == [(zero, 100), (reverse, 200)]

    def test_of_nothing_is_nothing(self):
        assert taxes.calculate([], included=True) == taxes.Taxes((), ())

    def test_refuses_charges_and_credits_of_one_rate(self):
        rate = TaxRate(Decimal(19))
        with pytest.raises(ValueError, match="either charges or credits"):
            taxes.calculate([(euros(100), rate), (euros(-50), rate)], included=True)

    def test_refuses_several_currencies(self):
        rate = TaxRate(Decimal(19))
        with pytest.raises(CurrencyMismatch, match="one currency"):
            taxes.calculate([(euros(100), rate), (Money(100, "SEK"), rate)], included=True)


class TestTaxRate:
    @pytest.mark.parametrize("percent", ["-1", "100.01", "19.00001"])
    def test_is_a_percentage_with_at_most_four_decimals(self, percent):
        with pytest.raises(ValueError, match="0 to 100 percent with at most four decimals"):
            TaxRate(Decimal(percent))
