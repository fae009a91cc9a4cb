"""The lowest price before a reduction (Directive 98/6/EC, article 6a; CJEU C-330/23)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

REFERENCE_PERIOD = timedelta(days=30)


class Offer(NamedTuple):
    """A price (minor units) that everybody could pay for one unit, from `begins` until `ends` (None: still).

    Of several at one time the one with the highest `rank` applied.
    """

    begins: datetime
    ends: datetime | None
    rank: tuple[int, str]
    price: int
    is_sale: bool


def lowest_price_before(offers: Sequence[Offer], *, at: datetime) -> int | None:
    """The lowest price in the 30 days before the reduction that applies at a time.

    A reduction that follows another without a gap counts from the beginning of the first. None if no reduction applies,
    or if the goods were not offered before: there is nothing to compare with.
    """
    begins = _reduced_since(offers, at)
    if begins is None:
        return None
    applied = _applied(offers, until=begins)
    return min(
        (offer.price for _, until, offer in applied if until > begins - REFERENCE_PERIOD), default=None
    )  # fmt: skip


def _reduced_since(offers: Sequence[Offer], at: datetime) -> datetime | None:
    """When the reduction began that applies at a time, or the first of several in a row."""
    begins, expected_end = None, None
    for since, until, offer in reversed(_applied(offers, until=at + timedelta(microseconds=1))):
        if not offer.is_sale or (expected_end is not None and until != expected_end):
            break
        if begins is None and until <= at:
            break
        begins = expected_end = since
    return begins


def _applied(offers: Sequence[Offer], *, until: datetime) -> list[tuple[datetime, datetime, Offer]]:
    """The offer that applied in each span of time before `until`: from, until, offer."""
    turns = {turn for offer in offers for turn in (offer.begins, offer.ends or until) if turn < until}
    times = [*sorted(turns), until]
    spans = []
    for since, end in pairwise(times):
        valid = [offer for offer in offers if offer.begins <= since and (offer.ends is None or offer.ends > since)]
        if valid:
            spans.append((since, end, max(valid, key=lambda offer: offer.rank)))
    return spans
