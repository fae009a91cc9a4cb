"""Retention: deletes expired rows in short batches, whatever the size of the table."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import structlog

from kit import db, ids

BATCH_SECONDS = 0.25
"""Target duration of a batch. Its rows are locked for that long, and other work of the same process waits."""
_MIN_ROWS, _MAX_ROWS = 100, 20_000
"""Limits of the number of rows in a batch."""
FORBID_BITMAP_SCAN = "SET LOCAL enable_bitmapscan = off"
"""Otherwise a plan made while the table was small would collect and sort all expired rows for each batch."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Retention:
    """Rows of a table expire when the time in `by` is longer ago than `age`.

    `by` is an SQL expression, the first column of an index: a time, or with `key="uuid7"` a UUIDv7, which begins with
    its creation time. `condition` is an SQL expression; rows for which it does not hold are kept.
    """

    table: str
    by: str
    age: timedelta
    key: Literal["time", "uuid7"] = "time"
    condition: str = "true"

    def before(self, now: datetime) -> Any:
        """The first value of `by` that is kept."""
        limit = now - self.age
        return limit if self.key == "time" else ids.first_at(limit)

    @property
    def minimum(self) -> Any:
        """The smallest possible value of `by`."""
        return datetime.min.replace(tzinfo=UTC) if self.key == "time" else UUID(int=0)


class Deletion:
    """Applies several retention rules, one batch of each at a time.

    Each batch starts where the last one ended: an index keeps the entries of deleted rows until the next vacuum, and
    scanning past them for every batch would take longer than the deletion.
    """

    def __init__(self, rules: Sequence[Retention]) -> None:
        self._rules = rules
        self._limits = dict.fromkeys(rules, 1_000)
        self._unfinished: dict[Retention, Any] = {}

    @property
    def is_finished(self) -> bool:
        """Whether all rows that had expired at the last `start` are deleted, except rows that changed meanwhile."""
        return not self._unfinished

    def start(self) -> None:
        """Start again at the oldest rows."""
        self._unfinished = {rule: rule.minimum for rule in self._rules}

    def delete_batches(self, *, now: datetime) -> int:
        """Delete a batch for each unfinished rule; returns the number of rows.

        A rule that fails is logged and skipped until the next `start`. Raises the database's error during an outage.
        """
        return sum(self._delete(rule, after, now) for rule, after in list(self._unfinished.items()))

    def _delete(self, rule: Retention, after: Any, now: datetime) -> int:
        limit, begun = self._limits[rule], time.monotonic()
        try:
            deleted, reached = _delete_batch(rule, after=after, before=rule.before(now), limit=limit)
        except Exception as error:
            if db.is_outage(error):
                raise
            log.exception("expired rows are not deleted", table=rule.table)
            deleted, reached = 0, None
        if reached is None:
            del self._unfinished[rule]
        else:
            self._unfinished[rule] = reached
            seconds = time.monotonic() - begun
            self._limits[rule] = min(max(int(limit * BATCH_SECONDS / seconds), _MIN_ROWS), _MAX_ROWS)
        return deleted


def _delete_batch(rule: Retention, *, after: Any, before: Any, limit: int) -> tuple[int, Any]:
    """Delete at most `limit` rows; returns their number, and the last value of `by`, or None when there are no more."""
    # No FOR UPDATE: rows that another process deletes or changes meanwhile no longer match, and are skipped.
    statement = f"""
        WITH expired AS MATERIALIZED (
            SELECT ctid AS tuple_id, {rule.by} AS reached FROM {rule.table}
            WHERE {rule.by} >= %(after)s AND {rule.by} < %(before)s AND {rule.condition}
            ORDER BY {rule.by} LIMIT %(limit)s
        ), deleted AS (
            DELETE FROM {rule.table} WHERE ctid = ANY(ARRAY(SELECT tuple_id FROM expired)) AND {rule.by} < %(before)s
            RETURNING 1
        )
        SELECT (SELECT count(*) FROM deleted), (SELECT count(*) FROM expired),
            (SELECT reached FROM expired ORDER BY reached DESC LIMIT 1)"""  # noqa: S608 - the rules are constants
    with db.operator_transaction():
        db.run(FORBID_BITMAP_SCAN, {})
        row = db.run(statement, {"after": after, "before": before, "limit": limit}).fetchone()
    assert row
    deleted, found, reached = row
    return deleted, reached if found == limit else None
