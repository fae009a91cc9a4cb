"""The lowest price before a reduction (Directive 98/6/EC, article 6a; CJEU C-330/23)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

REFERENCE_PERIOD = timedelta(days=30)


class PricePeriod(NamedTuple):
    """A price (minor units) that everybody could pay for one unit, from `begins` until `ends` (None: still).

    Of several at one time the one with the highest `rank` applied.
    """

    begins: datetime
    ends: datetime | None
    rank: tuple[int, str]
    price: int
    is_sale: bool


def lowest_price_before(periods: Sequence[PricePeriod], *, at: datetime) -> int | None:
    """The lowest price in the 30 days before the reduction that applies at a time.

    A reduction that follows another without a gap counts from the beginning of the first. None if no reduction applies,
    or if the goods were not offered before: there is nothing to compare with.
    """
    begins = _reduced_since(periods, at)
    if begins is None:
        return None
    applied = _applied(periods, until=begins)
    return min(
        (period.price for _, until, period in applied if until > begins - REFERENCE_PERIOD), default=None
    )  # fmt: skip


def _reduced_since(periods: Sequence[PricePeriod], at: datetime) -> datetime | None:
    """When the reduction began that applies at a time, or the first of several in a row."""
    begins, expected_end = None, None
    for since, until, period in reversed(_applied(periods, until=at + timedelta(microseconds=1))):
        if not period.is_sale or (expected_end is not None and until != expected_end):
            break
        if begins is None and until <= at:
            break
        begins = expected_end = since
    return begins


def _applied(periods: Sequence[PricePeriod], *, until: datetime) -> list[tuple[datetime, datetime, PricePeriod]]:
    """The price that applied in each span of time before `until`: from, until, its period."""
    turns = {turn for period in periods for turn in (period.begins, period.ends or until) if turn < until}
    times = [*sorted(turns), until]
    spans = []
    for since, end in pairwise(times):
        valid = [
            period for period in periods if period.begins <= since and (period.ends is None or period.ends > since)
        ]
        if valid:
            spans.append((since, end, max(valid, key=lambda period: period.rank)))
    return spans
