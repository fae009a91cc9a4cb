"""Working on a job: calls of its function until the slice's time is over, each in one transaction with the position."""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog

from kit import clock, db
from kit.db import Json
from kit.jobs import Call, Job, rows
from kit.process import failpoints, heartbeat
from kit.tenancy import Tenant

SLICE_SECONDS = 1.0
"""After this time the next message goes on with the job. With the last call a slice takes two seconds at most."""

MAX_FAILURES = 5
RETRY_AFTER = timedelta(seconds=10)
"""A failed call is repeated after 10, 20, 40 and 80 seconds; then the job has failed."""

log = structlog.get_logger()


class Slice(NamedTuple):
    """A message's slice of a job."""

    job_id: UUID
    company_id: UUID | None
    number: int


# A message that comes twice finds the row locked, or the slice over.
_LOCK_JOB = """
    SELECT name, arguments, position FROM jobs
    WHERE id = %(id)s AND slice = %(number)s AND state = 'running' FOR UPDATE SKIP LOCKED"""
_SAVE_POSITION = """
    UPDATE jobs SET position = %(position)s::jsonb, items = items + %(items)s, failures = 0, error = NULL,
        slice = slice + %(slices)s, lease_until = %(lease_until)s
    WHERE id = %(id)s"""
_END_JOB = """
    UPDATE jobs SET items = items + %(items)s, failures = 0, error = NULL, state = 'succeeded', ended_at = %(now)s
    WHERE id = %(id)s"""
_RECORD_FAILURE = """
    UPDATE jobs SET failures = failures + 1, error = %(error)s, slice = slice + 1, lease_until = %(lease_until)s,
        state = CASE WHEN failures + 1 < %(max_failures)s THEN 'running' ELSE 'failed' END,
        ended_at = CASE WHEN failures + 1 < %(max_failures)s THEN NULL::timestamptz ELSE %(now)s END
    WHERE id = %(id)s AND slice = %(number)s AND state = 'running' RETURNING state, failures"""


def work(declared: Mapping[str, Job], slice_: Slice) -> None:
    """Go on with the job until the slice's time is over, and send the next slice. Raises only outages of the database.

    A statement's timeout is a failure of the call. A job that was cancelled, or that another message goes on with, is
    left alone.
    """
    begun = time.monotonic()
    try:
        while _call_once(declared, slice_, begun=begun):
            failpoints.hit("job.moved")
            heartbeat.beat()
    except Exception as error:
        if db.is_unavailable(error):
            raise
        log.exception("job failed", job=str(slice_.job_id))
        _record_failure(slice_, error=type(error).__name__, now=clock.now())


def _call_once(declared: Mapping[str, Job], slice_: Slice, *, begun: float) -> bool:
    """Call the job's function once; returns whether the slice goes on."""
    with _transaction(slice_):
        row = db.run(_LOCK_JOB, {"id": slice_.job_id, "number": slice_.number}).fetchone()
        if row is None:
            return False
        name, arguments, position = row
        if name not in declared:  # a worker of another release gets it when its lease ends
            log.warning("job unknown to this release", job=str(slice_.job_id), name=name)
            return False
        now = clock.now()
        progress = declared[name](Call(slice_.job_id, position, arguments, slice_.company_id, now))
        values = {"id": slice_.job_id, "items": progress.items, "now": now}
        if progress.position is None:
            db.run(_END_JOB, values)
            return False
        is_over = time.monotonic() - begun >= SLICE_SECONDS
        _save_position(slice_, values, progress.position, is_over=is_over)
        return not is_over


def _save_position(slice_: Slice, values: Json, position: Json, *, is_over: bool) -> None:
    lease_until = values["now"] + rows.LEASE
    values = {**values, "position": db.as_json(position), "slices": int(is_over), "lease_until": lease_until}
    db.run(_SAVE_POSITION, values)
    if is_over:
        rows.send_slice(slice_.job_id, slice_.company_id, number=slice_.number + 1)


def _record_failure(slice_: Slice, *, error: str, now: datetime) -> None:
    values = {"id": slice_.job_id, "number": slice_.number, "error": error, "max_failures": MAX_FAILURES, "now": now}
    with _transaction(slice_):
        row = db.run(_RECORD_FAILURE, {**values, "lease_until": now + rows.LEASE}).fetchone()
        if row and row[0] == "running":
            at = now + RETRY_AFTER * 2 ** (row[1] - 1)
            rows.send_slice(slice_.job_id, slice_.company_id, number=slice_.number + 1, available_at=at)


def _transaction(slice_: Slice) -> AbstractContextManager[None]:
    if slice_.company_id is None:
        return db.operator_transaction()
    return db.transaction(Tenant(company_id=slice_.company_id))
