"""What variants cost: for whom, in which shop, when, and why."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.pricing.reductions import PricePeriod, lowest_price_before
from kit import db
from kit.money import Money

LIST_PRICES = """(
    SELECT jsonb_agg(jsonb_build_array(e.min_quantity, e.price, l.id, l.is_sale)
        ORDER BY l.priority DESC, l.id DESC, e.min_quantity DESC)
    FROM list_prices e JOIN price_lists l ON l.id = e.price_list_id
    WHERE e.variant_id = v.id AND e.valid_from <= %(now)s AND (e.valid_until IS NULL OR e.valid_until > %(now)s)
        AND l.starts_at <= %(now)s AND (l.ends_at IS NULL OR l.ends_at > %(now)s)
        AND (l.shop_id IS NULL OR l.shop_id = s.id)
        AND (l.group_id IS NULL OR l.group_id IN (SELECT group_id FROM customer_group_members WHERE customer_id = k.id))
)"""
"""SQL column: the prices in lists of the variant `v`, in the shop `s`, for the customer `k`, at the time `now`.

In the order in which they apply; `applicable` chooses one.
"""


@dataclass(frozen=True, slots=True)
class Quote:
    """The price of one unit of a variant.

    `price_list_id` is the list that has it, None for the base price. `lowest_price_before` is set for a reduction: the
    lowest price of the 30 days before, unless there is none.
    """

    variant_id: UUID
    quantity: int
    price: Money
    base_price: Money
    price_list_id: UUID | None
    is_sale: bool
    lowest_price_before: Money | None


def applicable(list_prices: Sequence[Sequence[Any]] | None, quantity: int) -> Sequence[Any] | None:
    """The entry of LIST_PRICES that applies to this number of units, or None if the base price does."""
    return next((entry for entry in list_prices or () if entry[0] <= quantity), None)


_READ_PRICES = f"""
    SELECT v.id, v.price, v.currency, {LIST_PRICES}
    FROM variants v CROSS JOIN (SELECT %(shop)s::uuid AS id) s CROSS JOIN (SELECT %(customer)s::uuid AS id) k
    WHERE v.id = ANY(%(variants)s)"""  # noqa: S608 - constants only
_READ_HISTORY = """
    SELECT variant_id, changed_at, lead(changed_at) OVER (PARTITION BY variant_id ORDER BY changed_at), NULL, '', price,
        false
    FROM base_prices WHERE variant_id = ANY(%(variants)s)
    UNION ALL
    SELECT e.variant_id, greatest(e.valid_from, l.starts_at), least(e.valid_until, l.ends_at), l.priority, l.id::text,
        e.price, l.is_sale
    FROM list_prices e JOIN price_lists l ON l.id = e.price_list_id
    WHERE e.variant_id = ANY(%(variants)s) AND e.min_quantity = 1 AND l.group_id IS NULL
        AND (l.shop_id IS NULL OR l.shop_id = %(shop)s)
        AND greatest(e.valid_from, l.starts_at) < coalesce(least(e.valid_until, l.ends_at), 'infinity')"""
_BELOW_ALL_LISTS = -(2**63)


def quote(
    *, shop_id: UUID, quantities: dict[UUID, int], now: datetime, customer_id: UUID | None = None
) -> dict[UUID, Quote]:
    """Quote the prices of variants of the current company, by id, for these numbers of units of each.

    `customer_id` is for whom; None: for everybody. Unknown variants are left out. Takes two statements at most.
    """
    values = {"shop": shop_id, "customer": customer_id, "variants": list(quantities), "now": now}
    rows = db.run(_READ_PRICES, values).fetchall()
    found = {row[0]: applicable(row[3], quantities[row[0]]) for row in rows}
    reduced = [variant_id for variant_id, entry in found.items() if entry is not None and entry[3]]
    lowest = _lowest_prices(reduced, shop_id=shop_id, now=now) if reduced else {}
    quotes = {}
    for variant_id, base, currency, _ in rows:
        entry, before = found[variant_id], lowest.get(variant_id)
        quotes[variant_id] = Quote(
            variant_id=variant_id, quantity=quantities[variant_id], base_price=Money(base, currency),
            price=Money(base if entry is None else entry[1], currency),
            price_list_id=None if entry is None else UUID(entry[2]),
            is_sale=entry is not None and entry[3],
            lowest_price_before=None if before is None else Money(before, currency),
        )  # fmt: skip
    return quotes


def _lowest_prices(variant_ids: list[UUID], *, shop_id: UUID, now: datetime) -> dict[UUID, int | None]:
    periods = defaultdict(list)
    for variant_id, begins, ends, priority, list_id, price, is_sale in db.run(
        _READ_HISTORY, {"variants": variant_ids, "shop": shop_id}
    ):
        rank = (_BELOW_ALL_LISTS if priority is None else priority, list_id)
        periods[variant_id].append(PricePeriod(begins, ends, rank, price, is_sale))
    return {variant_id: lowest_price_before(periods[variant_id], at=now) for variant_id in variant_ids}
