"""Export of a company's orders as CSV (RFC 4180), a batch at a time, in the order in which they were placed."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from kit import db

COLUMNS = (
    "id", "shop_id", "placed_at", "status", "currency", "subtotal", "discount_percent", "total",
    "number", "channel", "state", "payment_state", "fulfilment_state", "disputed", "discounts", "shipping", "fees",
    "tax", "tax_included", "paid", "refunded",
)  # fmt: skip
"""Amounts are in minor units, times in UTC. Data of the customers is left out: an export outlives an erasure."""

_READ_NEXT_ORDERS = f"""
    SELECT {", ".join(COLUMNS)} FROM orders
    WHERE company_id = %(company)s AND id > %(after)s AND id < %(before)s ORDER BY id LIMIT %(limit)s"""  # noqa: S608


def next_rows(*, company_id: UUID, after: UUID, before: UUID, limit: int) -> list[tuple[Any, ...]]:
    """Read the next orders of the current company between these ids (UUIDv7), as rows of COLUMNS."""
    values = {"company": company_id, "after": after, "before": before, "limit": limit}
    return db.run(_READ_NEXT_ORDERS, values).fetchall()


def as_csv(rows: Iterable[Sequence[Any]], *, with_header: bool) -> str:
    """The rows as lines of CSV, and before them the names of the columns, if wanted."""
    text = io.StringIO()
    writer = csv.writer(text)
    if with_header:
        writer.writerow(COLUMNS)
    for order_id, shop_id, placed_at, *others in rows:
        writer.writerow([order_id, shop_id, placed_at.isoformat(timespec="milliseconds"), *others])
    return text.getvalue()
