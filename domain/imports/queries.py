"""Reading imports."""

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from domain.imports.errors import ImportNotFound
from domain.imports.models import Import
from kit import db
from kit.jobs.rows import JobRow
from kit.paging import Page, page


class ImportProgress(NamedTuple):
    """An import, and its state or that of its job, if the job was stopped before its end."""

    running: Import
    state: str


def the_import(*, import_id: UUID, lock: bool = False) -> Import:
    """Return an import of the current company, locked until the transaction ends if wanted; raises ImportNotFound."""
    query = select(Import).where(Import.id == import_id)
    found = db.session().scalar(query.with_for_update() if lock else query)
    if found is None:
        raise ImportNotFound
    return found


def imports(*, limit: int, after: UUID | None = None) -> Page[Import]:
    """List the current company's imports, newest first."""
    return page(select(Import), Import.id, limit=limit, after=after, newest_first=True)


def progress_of(running: Import) -> ImportProgress:
    """Read how far an import is: `failed` and `cancelled` are states of its job."""
    job = db.session().get(JobRow, running.job_id) if running.state == "running" else None
    return ImportProgress(running, job.state if job and job.state in {"failed", "cancelled"} else running.state)
