import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pricing import discounts
from kit.money import Money
from tests.vectors import MONEY

lines = st.lists(st.integers(0, 10**7), min_size=1, max_size=30)


def euros(amounts):
    return [Money(amount, "EUR") for amount in amounts]


class TestApportion:
    @pytest.mark.parametrize("case", MONEY["discounts"], ids=lambda case: case["case"])
    def test_follows_the_amounts(self, case):
        shares = discounts.apportion(Money(case["discount"], "EUR"), euros(case["lines"]))
        assert shares == euros(case["shares"])

    @given(lines=lines, data=st.data())
    def test_sums_to_the_discount_and_no_share_is_above_its_line(self, lines, data):
        discount = data.draw(st.integers(0, sum(lines)))
        shares = [share.amount for share in discounts.apportion(Money(discount, "EUR"), euros(lines))]
        assert sum(shares) == discount
        assert all(0 <= share <= line for share, line in zip(shares, lines, strict=True))

    @given(
        quantities=st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5000)), min_size=1, max_size=6), data=st.data()
    )
    def test_leaves_lines_whose_refunds_unit_by_unit_sum_to_what_was_paid(self, quantities, data):
        lines = [Money(quantity * price, "EUR") for quantity, price in quantities]
        discount = Money(data.draw(st.integers(0, sum(line.amount for line in lines))), "EUR")
        shares = discounts.apportion(discount, lines)
        paid = [line - share for line, share in zip(lines, shares, strict=True)]
        refunded = sum(
            amount.share_of_units(range(unit, unit + 1), quantity).amount
            for amount, (quantity, _) in zip(paid, quantities, strict=True)
            for unit in range(quantity)
        )
        assert refunded == sum(line.amount for line in lines) - discount.amount

    @pytest.mark.parametrize("discount", [-1, 1001])
    def test_refuses_more_than_the_lines_and_less_than_nothing(self, discount):
        with pytest.raises(ValueError, match=r"from 0 to €10\.00"):
            discounts.apportion(Money(discount, "EUR"), euros([600, 400]))
