from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.money import Money, divide_half_up
from tests.vectors import MONEY

amounts = st.integers(-(10**12), 10**12)


def euros(amount):
    return Money(amount, "EUR")


class TestDivideHalfUp:
    @pytest.mark.parametrize("case", MONEY["divide_half_up"])
    def test_rounds_a_half_away_from_zero(self, case):
        assert divide_half_up(case["numerator"], case["denominator"]) == case["quotient"]

    @given(numerator=amounts, denominator=st.integers(1, 10**9))
    def test_is_the_nearest_integer_and_a_credit_mirrors_its_charge(self, numerator, denominator):
        quotient = divide_half_up(numerator, denominator)
        assert abs(quotient - Fraction(numerator, denominator)) <= Fraction(1, 2)
        assert divide_half_up(-numerator, denominator) == -quotient


class TestAllocate:
    @pytest.mark.parametrize("case", MONEY["allocate"], ids=lambda case: case["case"])
    def test_gives_the_rest_to_the_largest_remainders(self, case):
        assert euros(case["amount"]).allocate(case["weights"]) == [euros(part) for part in case["parts"]]

    @given(amount=amounts, weights=st.lists(st.integers(0, 10**9), min_size=1, max_size=40).filter(any))
    def test_sums_to_the_amount_and_no_part_is_a_unit_off(self, amount, weights):
        parts = [part.amount for part in euros(amount).allocate(weights)]
        assert sum(parts) == amount
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - Fraction(amount * weight, sum(weights))) < 1

    @given(amount=amounts, weights=st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any))
    def test_gives_no_part_of_a_smaller_weight_more(self, amount, weights):
        parts = [abs(part.amount) for part in euros(amount).allocate(weights)]
        by_weight = [part for _, part in sorted(zip(weights, parts, strict=True))]
        assert by_weight == sorted(by_weight)

    def test_refuses_weights_of_zero_for_an_amount(self):
        with pytest.raises(ValueError, match=r"€0\.05 cannot be allocated: all weights are 0"):
            euros(5).allocate([0, 0])

    def test_refuses_negative_weights(self):
        with pytest.raises(ValueError, match="weights are 0 or more"):
            euros(5).allocate([2, -1])


class TestShareOfUnits:
    @pytest.mark.parametrize("case", MONEY["share_of_units"], ids=lambda case: case["case"])
    def test_of_single_units(self, case):
        shares = [
            euros(case["amount"]).share_of_units(range(n, n + 1), case["quantity"]) for n in range(case["quantity"])
        ]
        assert shares == [euros(share) for share in case["by_unit"]]

    @given(amount=amounts, quantity=st.integers(1, 500), data=st.data())
    def test_sums_to_the_amount_however_the_units_are_divided(self, amount, quantity, data):
        cuts = sorted({0, quantity, *data.draw(st.lists(st.integers(0, quantity), max_size=8))})
        ranges = [range(start, stop) for start, stop in pairwise(cuts)]
        shares = [euros(amount).share_of_units(units, quantity) for units in ranges]
        assert sum(share.amount for share in shares) == amount
        for units, share in zip(ranges, shares, strict=True):
            assert abs(share.amount - Fraction(amount * len(units), quantity)) <= 1

    @pytest.mark.parametrize("units", [range(-1, 1), range(2, 4), range(2, 1), range(0, 3, 2)])
    def test_refuses_units_that_are_not_there(self, units):
        with pytest.raises(ValueError, match="are not among 3"):
            euros(10).share_of_units(units, 3)
