"""Retention: deletes expired rows in short batches, whatever the size of the table."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from kit import db, ids
from kit.db import Json

BATCH_SECONDS = 0.25
"""Target duration of a batch. Its rows are locked for that long, and other work of the same process waits."""
_MIN_ROWS, _FIRST_ROWS, _MAX_ROWS = 100, 1_000, 20_000
"""Limits of the number of rows in a batch, and the number in the first one."""
FORBID_BITMAP_SCAN = "SET LOCAL enable_bitmapscan = off"
"""Otherwise a plan made while the table was small would collect and sort all expired rows for each batch."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Rows of a table expire when the time in `time_column` is longer ago than `age`.

    `time_column` is an SQL expression and the first column of an index. Its values are times or, with `key="uuid7"`,
    UUIDv7s, which begin with their creation time. `condition` is an SQL expression: only rows for which it holds are
    deleted. `dependents` are pairs of another table and its column that refers to the `id` of an expired row: these
    rows are deleted with it.
    """

    table: str
    time_column: str
    age: timedelta | Callable[[], timedelta]
    key: Literal["time", "uuid7"] = "time"
    condition: str = "true"
    dependents: tuple[tuple[str, str], ...] = ()

    def first_kept(self, now: datetime) -> Any:
        """The first value of `time_column` that is kept."""
        limit = now - (self.age if isinstance(self.age, timedelta) else self.age())
        return limit if self.key == "time" else ids.first_at(limit)

    def parse(self, value: str) -> Any:
        """A value of `time_column` from its text."""
        return datetime.fromisoformat(value) if self.key == "time" else UUID(value)

    @property
    def minimum(self) -> Any:
        """The smallest possible value of `time_column`."""
        return datetime.min.replace(tzinfo=UTC) if self.key == "time" else UUID(int=0)


def delete_batch(rule: Retention, position: Json, *, now: datetime) -> tuple[int, Json | None]:
    """Delete a batch of expired rows in the current transaction of the operator role.

    Returns the number of rows, and the position of the next batch, or None when no more rows have expired, except rows
    that changed meanwhile. The first position is `{}`. Each batch starts where the last one ended: an index keeps the
    entries of deleted rows until the next vacuum, and scanning past them for every batch would take longer than the
    deletion.
    """
    after = rule.parse(position["after"]) if "after" in position else rule.minimum
    limit, begun = position.get("limit", _FIRST_ROWS), time.monotonic()
    db.run(FORBID_BITMAP_SCAN, {})
    row = db.run(_statement(rule), {"after": after, "before": rule.first_kept(now), "limit": limit}).fetchone()
    assert row
    deleted, found, reached = row
    if found < limit:
        return deleted, None
    next_limit = int(limit * BATCH_SECONDS / (time.monotonic() - begun))
    return deleted, {"after": str(reached), "limit": min(max(next_limit, _MIN_ROWS), _MAX_ROWS)}


def _statement(rule: Retention) -> str:
    # No FOR UPDATE: rows that another process deletes or changes meanwhile no longer match, and are skipped.
    dependents = "".join(
        f", of_{table} AS (DELETE FROM {table} WHERE {column} IN (SELECT id FROM deleted))"  # noqa: S608 - see below
        for table, column in rule.dependents
    )
    return f"""
        WITH expired AS MATERIALIZED (
            SELECT ctid AS tuple_id, {rule.time_column} AS reached FROM {rule.table}
            WHERE {rule.time_column} >= %(after)s AND {rule.time_column} < %(before)s AND {rule.condition}
            ORDER BY {rule.time_column} LIMIT %(limit)s
        ), deleted AS (
            DELETE FROM {rule.table}
            WHERE ctid = ANY(ARRAY(SELECT tuple_id FROM expired)) AND {rule.time_column} < %(before)s
            RETURNING {"id" if rule.dependents else "1"}
        ){dependents}
        SELECT (SELECT count(*) FROM deleted), (SELECT count(*) FROM expired),
            (SELECT reached FROM expired ORDER BY reached DESC LIMIT 1)"""  # noqa: S608 - the rules are constants
