"""Keyset pagination by UUIDv7 ids, in order of creation."""

from typing import TypeVarTuple
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

Columns = TypeVarTuple("Columns")


def page(
    query: Select[*Columns], key: InstrumentedAttribute[UUID], *, limit: int, after: UUID | None
) -> Select[*Columns]:
    """Limit the query to one page: at most `limit` rows by ascending key (a UUIDv7), starting after the key `after`."""
    rows = query.order_by(key).limit(limit)
    return rows if after is None else rows.where(key > after)
