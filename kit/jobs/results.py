"""The results of jobs: text in parts, which the job adds as it goes, and which is downloaded when it has ended."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from kit import db
from kit.db import Base
from kit.errors import Conflict, NotFound
from kit.jobs.rows import JobRow
from kit.paging import Page, page


class JobResult(Base):
    """A part of a company's job's result. It is deleted with the job."""

    __tablename__ = "job_results"

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    company_id: Mapped[UUID]
    content: Mapped[str]


class JobNotFound(NotFound):
    """There is no such job in this company."""

    code = "job_not_found"


class JobUnfinished(Conflict):
    """The job has no result yet, or has not succeeded."""

    code = "job_unfinished"


_INSERT_RESULT = """
    INSERT INTO job_results (job_id, part, company_id, content)
    VALUES (%(job)s, %(part)s, %(company)s, %(content)s)"""

_READ_NEXT_PART = """
    SELECT part, content FROM job_results WHERE job_id = %(job)s AND part > %(after)s ORDER BY part LIMIT 1"""


def add(*, job_id: UUID, company_id: UUID, part: int, content: str) -> None:
    """Add a part to the result, in the transaction that saves the job's position."""
    db.run(_INSERT_RESULT, {"job": job_id, "part": part, "company": company_id, "content": content})


def jobs_of_company(*, limit: int, after: UUID | None = None) -> Page[JobRow]:
    """List the current company's jobs, newest first."""
    return page(select(JobRow), JobRow.id, limit=limit, after=after, newest_first=True)


def the_job(*, job_id: UUID) -> JobRow:
    """Return a job of the current company; raises JobNotFound."""
    job = db.session().get(JobRow, job_id)
    if job is None:
        raise JobNotFound
    return job


def require_result(*, job_id: UUID) -> None:
    """Raise JobNotFound, and JobUnfinished unless the job has succeeded."""
    job = the_job(job_id=job_id)
    if job.state != "succeeded":
        raise JobUnfinished(f"The job is {job.state}. It has a result when it has succeeded.")


def next_part(*, job_id: UUID, after: int) -> tuple[int, str] | None:
    """The number and the content of the part after the one with the number `after` (-1: the first); None at the end."""
    row: tuple[int, str] | None = db.run(_READ_NEXT_PART, {"job": job_id, "after": after}).fetchone()
    return row
