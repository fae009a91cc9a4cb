"""Keyset pagination by UUIDv7 ids, in order of creation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, TypeVarTuple
from uuid import UUID

from sqlalchemy import Row, Select
from sqlalchemy.orm import InstrumentedAttribute

from kit import db

Entry = TypeVar("Entry")
Other = TypeVar("Other")
Columns = TypeVarTuple("Columns")
Key = InstrumentedAttribute[UUID]


@dataclass(frozen=True, slots=True)
class Page(Generic[Entry]):
    """One page of a list. `next` is the id to read the following page after; None on the last page."""

    data: list[Entry]
    next: UUID | None

    def map(self, function: Callable[[Entry], Other]) -> "Page[Other]":
        """Return the page with what the function returns for each entry."""
        return Page([function(entry) for entry in self.data], self.next)


def page(
    query: Select[Entry], key: Key, *, limit: int, after: UUID | None = None, newest_first: bool = False
) -> Page[Entry]:
    """Read one page of objects: at most `limit`, ordered by `key` (a UUIDv7), starting after the id `after`."""
    found = db.session().scalars(_with_one_more_row(query, key, limit, after, newest_first=newest_first)).all()
    return Page(list(found[:limit]), _next_key(found, key, limit))


def page_of_rows(query: Select[*Columns], key: Key, *, limit: int, after: UUID | None = None) -> Page[Row[*Columns]]:
    """Read one page of rows, whose first column is the object with the `key`. Otherwise the same as `page`."""
    found: Sequence[Any] = db.session().execute(_with_one_more_row(query, key, limit, after)).all()
    return Page(list(found[:limit]), _next_key([row[0] for row in found], key, limit))


def _with_one_more_row(
    query: Select[*Columns], key: Key, limit: int, after: UUID | None, *, newest_first: bool = False
) -> Select[*Columns]:
    """Limit the query to one row more than the page: it shows whether there is a next page."""
    rows = query.order_by(key.desc() if newest_first else key).limit(limit + 1)
    if after is None:
        return rows
    return rows.where(key < after if newest_first else key > after)


def _next_key(found: Sequence[Any], key: Key, limit: int) -> UUID | None:
    if len(found) <= limit:
        return None
    last: UUID = getattr(found[limit - 1], key.key)
    return last
