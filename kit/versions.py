"""Optimistic concurrency: a change names the versions of a row that it may replace, and any other version is stale."""

from collections.abc import Collection
from typing import Protocol, TypeVar

from sqlalchemy import Select

from kit import db
from kit.errors import NotFound, Stale


class Versioned(Protocol):
    """A row whose `version` each change increases."""

    version: int


Row = TypeVar("Row", bound=Versioned)


def the_locked(
    query: Select[Row], expected: Collection[int] | None, *, missing: type[NotFound], stale: type[Stale]
) -> Row:
    """Return the row that the query selects, locked. Inserts that refer to it do not wait for the lock.

    Raises `missing` if there is none, and `stale` if it has none of the `expected` versions; None expects any.
    """
    locking = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    row = db.session().scalar(locking)
    if row is None:
        raise missing
    if expected is not None and row.version not in expected:
        raise stale
    return row
