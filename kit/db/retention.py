"""Retention: delete rows that are old enough, in short batches, however large the table has grown."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import structlog

from kit import db

SECONDS = 0.25
"""What a batch should take. Its rows are locked for that long, and other work of the same process waits."""
_FEWEST, _MOST = 100, 20_000
"""Rows in a batch."""
ALONG_THE_INDEX = "SET LOCAL enable_bitmapscan = off"
"""Or else a plan that was made while the table was small would collect and sort all old rows for each batch."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Retention:
    """Rows of a table are deleted when the time in `by` is longer ago than `age`.

    `by` is an SQL expression that begins an index: a time, or with `of="id"` a UUIDv7, which begins with the time at
    which it was made. A row is kept as long as `only` does not hold for it.
    """

    table: str
    by: str
    age: timedelta
    of: Literal["time", "id"] = "time"
    only: str = "true"

    def before(self, now: datetime) -> Any:
        """The first value of `by` that is kept."""
        limit = now - self.age
        return limit if self.of == "time" else UUID(int=int(limit.timestamp() * 1000) << 80)

    @property
    def first(self) -> Any:
        """A value of `by` that no row precedes."""
        return datetime.min.replace(tzinfo=UTC) if self.of == "time" else UUID(int=0)


class Deletion:
    """Deletes by several rules, a batch of each at a time.

    It begins each batch where the last one ended: an index keeps the entries of deleted rows until the next vacuum, and
    reading past them again and again would take longer than the deleting.
    """

    def __init__(self, rules: Sequence[Retention]) -> None:
        self._rules = rules
        self._limits = dict.fromkeys(rules, 1_000)
        self._unfinished: dict[Retention, Any] = {}

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left of what was old enough at the last `start`, but for what others had locked."""
        return not self._unfinished

    def start(self) -> None:
        """Begin again at the oldest rows."""
        self._unfinished = {rule: rule.first for rule in self._rules}

    def delete_batches(self, *, now: datetime) -> int:
        """Delete a batch by each unfinished rule; returns the number of rows.

        A rule that fails is logged, and left until the next `start`. Raises what the database raises when it is gone.
        """
        return sum(self._delete(rule, after, now) for rule, after in list(self._unfinished.items()))

    def _delete(self, rule: Retention, after: Any, now: datetime) -> int:
        limit, begun = self._limits[rule], time.monotonic()
        try:
            deleted, reached = _delete_batch(rule, after=after, before=rule.before(now), limit=limit)
        except Exception as error:
            if db.is_outage(error):
                raise
            log.exception("rows that are old enough are not deleted", table=rule.table)
            deleted, reached = 0, None
        if reached is None:
            del self._unfinished[rule]
        else:
            self._unfinished[rule] = reached
            seconds = time.monotonic() - begun
            self._limits[rule] = min(max(int(limit * SECONDS / seconds), _FEWEST), _MOST)
        return deleted


def _delete_batch(rule: Retention, *, after: Any, before: Any, limit: int) -> tuple[int, Any]:
    """Delete at most `limit` rows; how many, and how far they went: None when there are no more."""
    # No FOR UPDATE: rows that another process deletes meanwhile, or that change, no longer match and are left alone.
    statement = f"""
        WITH expired AS MATERIALIZED (
            SELECT ctid AS place, {rule.by} AS reached FROM {rule.table}
            WHERE {rule.by} >= %(after)s AND {rule.by} < %(before)s AND {rule.only} ORDER BY {rule.by} LIMIT %(limit)s
        ), deleted AS (
            DELETE FROM {rule.table} WHERE ctid = ANY(ARRAY(SELECT place FROM expired)) AND {rule.by} < %(before)s
            RETURNING 1
        )
        SELECT (SELECT count(*) FROM deleted), (SELECT count(*) FROM expired),
            (SELECT reached FROM expired ORDER BY reached DESC LIMIT 1)"""  # noqa: S608 - the rules are constants
    with db.operator_transaction():
        db.run(ALONG_THE_INDEX, {})
        row = db.run(statement, {"after": after, "before": before, "limit": limit}).fetchone()
    assert row
    deleted, found, reached = row
    return deleted, reached if found == limit else None
