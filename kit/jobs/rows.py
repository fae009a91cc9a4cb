"""The table of jobs: starting, cancelling and retrying them, and finding those whose message was lost."""

from datetime import datetime, timedelta
from uuid import UUID

import psycopg
from sqlalchemy import BigInteger, CheckConstraint, Index, select, text
from sqlalchemy.orm import Mapped, mapped_column

from kit import db
from kit.db import Base, Json
from kit.db.retention import Retention
from kit.errors import Conflict, NotFound
from kit.ids import new_id
from kit.jobs import Job
from kit.messaging import outbox
from kit.messaging.tasks import task_body

TASK = "background.run_job_slice"
LEASE = timedelta(minutes=5)
"""How long a job may stay where it is before its message is taken for lost and sent again."""

STATES = ("running", "succeeded", "failed", "cancelled")
_RUNNING = text("state = 'running'")


class JobRow(Base):
    """A job of a company, or of the platform (without one). All times are UTC.

    `position` is where the next call begins, `items` the number of items done so far. `slice` is the number of the
    message that may go on with the job; other messages do nothing. `failures` counts failed calls in a row. At most one
    job of a company, name and `key` is running.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("(ended_at IS NULL) = (state = 'running')", name="ended"),
        Index("jobs_lease_until_idx", "lease_until", postgresql_where=_RUNNING),
        Index("jobs_failed_idx", "id", postgresql_where=text("state = 'failed'")),
        Index(None, "ended_at"),
        Index(
            "jobs_key_idx", "company_id", "name", "key", unique=True, postgresql_nulls_not_distinct=True,
            postgresql_where=text("state = 'running' AND key IS NOT NULL"),
        ),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID | None]
    name: Mapped[str]
    key: Mapped[str | None]
    arguments: Mapped[Json]
    position: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    slice: Mapped[int] = mapped_column(server_default=text("1"))
    items: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    state: Mapped[str] = mapped_column(server_default=text("'running'"))
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    error: Mapped[str | None]
    started_at: Mapped[datetime]
    lease_until: Mapped[datetime]
    ended_at: Mapped[datetime | None]


RETENTION_RULES = (Retention("jobs", "ended_at", timedelta(days=30), dependents=(("job_results", "job_id"),)),)


class JobEnded(Conflict):
    """The job has ended already."""

    code = "job_ended"


class JobRunning(Conflict):
    """Another job with the same key is running. Retry this one when it has ended, or cancel this one."""

    code = "job_running"


_INSERT_JOB = """
    INSERT INTO jobs (id, company_id, name, key, arguments, started_at, lease_until)
    VALUES (%(id)s, %(company_id)s, %(name)s, %(key)s, %(arguments)s::jsonb, %(now)s, %(lease_until)s)
    ON CONFLICT DO NOTHING"""
_CHECK_FOR_FAILED_JOB = """
    SELECT EXISTS (
        SELECT FROM jobs WHERE state = 'failed' AND name = %(name)s AND key = %(key)s
            AND company_id IS NOT DISTINCT FROM %(company_id)s::uuid)"""
_CANCEL_JOB = """
    UPDATE jobs SET state = 'cancelled', ended_at = coalesce(ended_at, %(now)s)
    WHERE id = %(id)s AND state IN ('running', 'failed')"""
_RETRY_JOB = """
    UPDATE jobs SET state = 'running', ended_at = NULL, failures = 0, slice = slice + 1, lease_until = %(lease_until)s
    WHERE id = %(id)s AND state = 'failed' RETURNING company_id, slice"""
_CLAIM_LOST_JOBS = """
    UPDATE jobs SET slice = slice + 1, lease_until = %(lease_until)s
    WHERE id IN (
        SELECT id FROM jobs WHERE state = 'running' AND lease_until < %(now)s ORDER BY lease_until
        LIMIT 100 FOR UPDATE SKIP LOCKED)
    RETURNING id, company_id, slice"""


def start(
    job: Job, *, now: datetime, company_id: UUID | None = None, arguments: Json | None = None, key: str | None = None
) -> UUID | None:
    """Start a job with the current transaction; returns its id, or None when one of this key is running already.

    A job of a company runs in transactions of that company, and one without a company in those of the operator role.
    """
    job_id = new_id()
    values = {"id": job_id, "company_id": company_id, "name": job.name, "key": key, "now": now}
    row = {**values, "arguments": db.as_json(arguments or {}), "lease_until": now + LEASE}
    if db.run(_INSERT_JOB, row).rowcount == 0:
        return None
    send_slice(job_id, company_id, number=1)
    return job_id


def has_failed(job: Job, *, key: str, company_id: UUID | None = None) -> bool:
    """Whether a job of this key has failed, and waits for an operator to retry or cancel it."""
    row = db.run(_CHECK_FOR_FAILED_JOB, {"name": job.name, "key": key, "company_id": company_id}).fetchone()
    return row == (True,)


def send_slice(job_id: UUID, company_id: UUID | None, *, number: int, available_at: datetime | None = None) -> None:
    """Send the message for the slice of this number after the current transaction, and not before `available_at`."""
    company = {"company_id": str(company_id)} if company_id else {}
    kwargs = {"job_id": str(job_id), **company, "slice": str(number)}
    body = task_body(TASK, kwargs, task_id=str(new_id()))
    outbox.send("task", body, company_id=company_id, available_at=available_at)


def cancel(job_id: UUID, *, now: datetime) -> None:
    """End a running or failed job where it is. Raises NotFound, and JobEnded when it has ended otherwise."""
    with db.operator_transaction():
        if db.run(_CANCEL_JOB, {"id": job_id, "now": now}).rowcount == 0:
            raise _error_of_job(job_id)


def retry(job_id: UUID, *, now: datetime) -> None:
    """Go on with a failed job where it stopped.

    Raises NotFound, JobEnded when it has not failed, and JobRunning while another job with its key is running.
    """
    with db.operator_transaction():
        try:
            row = db.run(_RETRY_JOB, {"id": job_id, "lease_until": now + LEASE}).fetchone()
        except psycopg.errors.UniqueViolation as error:  # of jobs_key_idx
            raise JobRunning from error
        if row is None:
            raise _error_of_job(job_id)
        company_id, number = row
        send_slice(job_id, company_id, number=number)


def resend_lost(*, now: datetime) -> int:
    """Send the message of each running job that has not moved for LEASE again. Returns the number of jobs."""
    with db.operator_transaction():
        lost = db.run(_CLAIM_LOST_JOBS, {"now": now, "lease_until": now + LEASE}).fetchall()
        for job_id, company_id, number in lost:
            send_slice(job_id, company_id, number=number)
        return len(lost)


def newest(*, limit: int, state: str | None = None) -> list[JobRow]:
    """The newest jobs of all companies, of one state if given; needs a transaction of the operator role."""
    query = select(JobRow).order_by(JobRow.id.desc()).limit(limit)
    return list(db.session().scalars(query.where(JobRow.state == state) if state else query))


def _error_of_job(job_id: UUID) -> Exception:
    row = db.run("SELECT state FROM jobs WHERE id = %(id)s", {"id": job_id}).fetchone()
    return JobEnded(f"the job is {row[0]}") if row else NotFound("no job has this id")
