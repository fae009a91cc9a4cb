"""The lowest price before a reduction."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.pricing.reductions import REFERENCE_PERIOD, PricePeriod, lowest_price_before

NOW = datetime(2026, 11, 29, tzinfo=UTC)
BASE, LIST, SALE = (-1, ""), (0, "a"), (1, "b")


def day(number):
    return NOW + timedelta(days=number)


def base(begins, price, ends=None):
    return PricePeriod(day(begins), None if ends is None else day(ends), BASE, price, is_sale=False)


def sale(begins, price, ends=None, rank=SALE):
    return PricePeriod(day(begins), None if ends is None else day(ends), rank, price, is_sale=True)


@pytest.mark.parametrize(
    ("periods", "lowest"),
    [
        ([base(-100, 1000)], None),  # no reduction
        ([base(-100, 1000), sale(-1, 800)], 1000),
        ([base(-100, 1000), sale(1, 800)], None),  # not yet
        ([base(-100, 1000), sale(-5, 800, ends=-1)], None),  # no longer
        ([base(-100, 900, ends=-20), base(-20, 1000), sale(-1, 800)], 900),  # within the 30 days
        ([base(-100, 900, ends=-40), base(-40, 1000), sale(-1, 800)], 1000),  # before them
        ([base(-100, 1000), sale(-20, 800, ends=-10), sale(-1, 850)], 800),  # an earlier sale counts
        ([base(-100, 1000), sale(-9, 800, ends=-5), sale(-5, 700)], 1000),  # one after another count from the first
        ([base(-100, 1000), sale(-9, 800), sale(-5, 700, rank=(2, "c"))], 1000),
        ([base(-3, 1000), sale(-1, 800)], 1000),  # offered for less than 30 days
        ([base(-3, 1000), sale(-3, 800)], None),  # never offered before
        ([base(-100, 1000), sale(-60, 800)], 1000),  # counted from the beginning, however long it lasts
        ([base(-100, 1000), PricePeriod(day(-50), None, LIST, 950, is_sale=False), sale(-1, 800)], 950),
        ([base(-100, 1000), sale(-1, 800, rank=(-2, ""))], None),  # a list that does not apply
    ],
)  # fmt: skip
def test_is_the_lowest_of_the_thirty_days_before_the_first_reduction(periods, lowest):
    assert lowest_price_before(periods, at=NOW) == lowest


@st.composite
def histories(draw):
    turns = sorted(draw(st.sets(st.integers(-90, -1), min_size=1, max_size=6)))
    prices = draw(st.lists(st.integers(1, 999), min_size=len(turns), max_size=len(turns)))
    ends = [*turns[1:], None]
    return [base(begins, price, end) for begins, price, end in zip(turns, prices, ends, strict=True)]


@given(history=histories(), length=st.integers(1, 80), price=st.integers(1, 999))
def test_is_a_price_that_was_offered_within_the_period(history, length, price):
    begins = day(-length)
    lowest = lowest_price_before([*history, sale(-length, price)], at=NOW)
    offered = [
        period.price
        for period in history
        if period.begins < begins and (period.ends is None or period.ends > begins - REFERENCE_PERIOD)
    ]
    assert lowest == (min(offered) if offered else None)
