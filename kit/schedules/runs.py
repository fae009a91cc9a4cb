"""The runs of schedules: a scheduler claims each one and sends it as a task, and a worker records its outcome.

A row of `schedules` is in one of three states: waiting (no `run_id`), sent (`run_id` without `started_at`) and running.
A run that is not finished before its lease ends, because its message or its worker was lost, is claimed again under a
new `run_id`; a message with the old one then does nothing.
"""

import os
import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column

from kit import db
from kit.db import Base
from kit.errors import Conflict, NotFound
from kit.ids import new_id
from kit.messaging import outbox
from kit.messaging.tasks import task_body
from kit.process import failpoints
from kit.schedules import Schedule

TASK = "background.run_schedule"

SENT_LEASE = timedelta(minutes=5)
"""How long a message may wait for a worker before it is taken for lost."""
RUN_LEASE = timedelta(minutes=1)
"""How long a run may take before its worker is taken for dead, unless it renews the lease."""
RENEW_AFTER = timedelta(seconds=15)
"""A run renews its lease this often: between its statements, of which none takes longer than its timeout."""

RETRY_AFTER, MAX_RETRY_AFTER = timedelta(minutes=1), timedelta(hours=1)
"""A failed run is repeated after a minute, then after two, four …; or at its next time, if that is sooner."""

RunOutcome = Literal["succeeded", "failed"]


class ScheduleRow(Base):
    """A schedule: its next run, the run under way, and the last one that ended. All times are UTC.

    `run_due_at` is the time for which the run under way was claimed. `failures` counts failed runs in a row.
    """

    __tablename__ = "schedules"
    __table_args__ = (CheckConstraint("outcome IN ('succeeded', 'failed')", name="outcome"),)

    name: Mapped[str] = mapped_column(primary_key=True)
    timing: Mapped[str]
    overdue_after: Mapped[timedelta]
    next_run_at: Mapped[datetime]
    run_id: Mapped[UUID | None]
    run_due_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    claimed_by: Mapped[str | None]
    started_at: Mapped[datetime | None]
    last_run_at: Mapped[datetime | None]
    last_duration: Mapped[timedelta | None]
    outcome: Mapped[str | None]
    error: Mapped[str | None]
    failures: Mapped[int] = mapped_column(server_default=text("0"))


TABLES_WITHOUT_RETENTION = {"schedules": "one row for each; it is deleted when the schedule is no longer declared"}


class RunInProgress(Conflict):
    """The schedule is running already."""

    code = "schedule_running"


_REGISTER_SCHEDULE = """
    INSERT INTO schedules (name, timing, overdue_after, next_run_at)
    VALUES (%(name)s, %(timing)s, %(overdue_after)s, %(next_run_at)s)
    ON CONFLICT (name) DO UPDATE SET
        timing = excluded.timing, overdue_after = excluded.overdue_after, next_run_at = excluded.next_run_at
    WHERE (schedules.timing, schedules.overdue_after) <> (excluded.timing, excluded.overdue_after)"""
# A scheduler of another release may still know them: they are deleted once a run has been due for a day, unclaimed.
_DELETE_UNDECLARED_SCHEDULES = """
    DELETE FROM schedules WHERE name <> ALL(%(names)s) AND next_run_at < %(now)s - interval '1 day'
        AND (lease_until IS NULL OR lease_until < %(now)s)"""
_LOCK_DUE_SCHEDULES = """
    SELECT name, run_due_at, started_at, next_run_at FROM schedules
    WHERE name = ANY(%(names)s)
        AND (run_id IS NULL AND next_run_at <= %(now)s OR lease_until <= %(now)s)
    ORDER BY next_run_at FOR UPDATE SKIP LOCKED"""
_CLAIM_RUN = """
    UPDATE schedules SET run_id = %(run_id)s, run_due_at = %(due_at)s, lease_until = %(lease_until)s,
        next_run_at = %(next_run_at)s, claimed_by = NULL, started_at = NULL
    WHERE name = %(name)s"""
_SKIP_RUN = """
    UPDATE schedules SET next_run_at = %(next_run_at)s, run_id = NULL, run_due_at = NULL, lease_until = NULL,
        claimed_by = NULL, started_at = NULL
    WHERE name = %(name)s"""
_LOCK_SCHEDULE = "SELECT run_id, next_run_at FROM schedules WHERE name = %(name)s FOR UPDATE"
_START_RUN = """
    UPDATE schedules SET claimed_by = %(worker)s, started_at = coalesce(started_at, %(now)s),
        lease_until = %(lease_until)s
    WHERE name = %(name)s AND run_id = %(run_id)s AND (claimed_by IS NULL OR claimed_by = %(worker)s)"""
_RENEW_LEASE = """
    UPDATE schedules SET lease_until = %(lease_until)s
    WHERE name = %(name)s AND run_id = %(run_id)s AND claimed_by = %(worker)s"""
_FINISH_RUN = """
    UPDATE schedules SET run_id = NULL, run_due_at = NULL, lease_until = NULL, claimed_by = NULL, started_at = NULL,
        last_run_at = started_at, last_duration = %(now)s - started_at, outcome = %(outcome)s, error = %(error)s,
        failures = CASE WHEN %(error)s::text IS NULL THEN 0 ELSE failures + 1 END,
        next_run_at = CASE WHEN %(error)s::text IS NULL THEN next_run_at
            ELSE least(next_run_at, %(now)s + least(%(retry)s * (2 ^ least(failures, 10)), %(max_retry)s)) END
    WHERE name = %(name)s AND run_id = %(run_id)s AND claimed_by = %(worker)s"""


def register(schedules: Mapping[str, Schedule[object]], *, now: datetime) -> None:
    """Write the declared schedules to the database: new ones, and new times of existing ones."""
    with db.operator_transaction():
        for name, schedule in sorted(schedules.items()):
            values = {"name": name, "timing": str(schedule.timing), "overdue_after": schedule.overdue_after}
            db.run(_REGISTER_SCHEDULE, {**values, "next_run_at": schedule.next_run(now)})
        db.run(_DELETE_UNDECLARED_SCHEDULES, {"names": list(schedules), "now": now})


def all_rows() -> list[ScheduleRow]:
    """Every schedule in the database, by name; needs a transaction of the operator role."""
    return list(db.session().scalars(select(ScheduleRow).order_by(ScheduleRow.name)))


def claim_due(schedules: Mapping[str, Schedule[object]], *, now: datetime) -> list[str]:
    """Claim each run that is due or whose lease has ended, and send its task; returns the names of the schedules.

    Claim and task are one transaction, so that a run is neither lost nor sent twice. Any number of schedulers may call
    this at once.
    """
    claimed = []
    with db.operator_transaction():
        for name, run_due_at, started_at, next_run_at in db.run(
            _LOCK_DUE_SCHEDULES, {"names": list(schedules), "now": now}
        ).fetchall():
            schedule, due_at = schedules[name], run_due_at or next_run_at
            later = schedule.next_run(now) if next_run_at <= now else next_run_at
            if started_at is None and schedule.is_skipped(due_at=due_at, now=now):
                db.run(_SKIP_RUN, {"name": name, "next_run_at": later})
            else:
                _send_run(name, due_at=due_at, next_run_at=later, now=now)
                claimed.append(name)
    return claimed


def run_now(name: str, *, now: datetime) -> UUID:
    """Claim a run of this schedule and send its task, whenever its next run is; returns the id of the run.

    Raises NotFound for an unknown schedule, and RunInProgress while it runs.
    """
    with db.operator_transaction():
        row = db.run(_LOCK_SCHEDULE, {"name": name}).fetchone()
        if row is None:
            raise NotFound(f"no schedule is called '{name}'")
        run_id, next_run_at = row
        if run_id:
            raise RunInProgress(f"{name} is running already, or waits for a worker")
        return _send_run(name, due_at=now, next_run_at=next_run_at, now=now)


def _send_run(name: str, *, due_at: datetime, next_run_at: datetime, now: datetime) -> UUID:
    run_id = new_id()
    values = {"name": name, "run_id": run_id, "due_at": due_at, "next_run_at": next_run_at}
    failpoints.hit("schedule.claiming")
    db.run(_CLAIM_RUN, {**values, "lease_until": now + SENT_LEASE})
    kwargs = {"schedule": name, "run_id": str(run_id)}
    outbox.send("task", task_body(TASK, kwargs, task_id=str(run_id)), company_id=None)
    return run_id


def start(name: str, run_id: UUID, *, now: datetime) -> bool:
    """Begin the run, or confirm that this process has begun it. Returns whether this process may do the run.

    False if another process has begun the run, or if its lease has ended and the schedule was claimed for a new run.
    """
    values = {"name": name, "run_id": run_id, "worker": _this_process(), "now": now, "lease_until": now + RUN_LEASE}
    with db.operator_transaction():
        return db.run(_START_RUN, values).rowcount == 1


def renew(name: str, run_id: UUID, *, now: datetime) -> None:
    """Extend the lease of a run that this process has begun. Does nothing if another process has the run."""
    values = {"name": name, "run_id": run_id, "worker": _this_process(), "lease_until": now + RUN_LEASE}
    with db.operator_transaction():
        db.run(_RENEW_LEASE, values)


def finish(name: str, run_id: UUID, *, now: datetime, error: str | None = None) -> bool:
    """Record that the run has failed with this error or, with None, that it has succeeded.

    Returns False, and records nothing, if the schedule was claimed for a new run meanwhile.
    """
    values = {"name": name, "run_id": run_id, "worker": _this_process(), "now": now, "error": error}
    outcome: RunOutcome = "failed" if error else "succeeded"
    limits = {"retry": RETRY_AFTER, "max_retry": MAX_RETRY_AFTER}
    with db.operator_transaction():
        return db.run(_FINISH_RUN, {**values, **limits, "outcome": outcome}).rowcount == 1


def _this_process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
