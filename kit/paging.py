"""Reading a list page by page, by keys that say in what order its rows were made."""

from typing import TypeVarTuple
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

Columns = TypeVarTuple("Columns")


def page(
    query: Select[*Columns], key: InstrumentedAttribute[UUID], *, limit: int, after: UUID | None
) -> Select[*Columns]:
    """So many of the query's rows, the oldest first by their key (a UUIDv7), from behind the one whose key is given."""
    rows = query.order_by(key).limit(limit)
    return rows if after is None else rows.where(key > after)
