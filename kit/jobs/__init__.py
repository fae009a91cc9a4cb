"""Jobs: work that takes longer than a task may, done in slices; each slice enqueues the next.

    @job
    def import_products(call: Call) -> Progress: ...

A worker calls the function again and again, each time in a transaction that also saves the position
(kit/jobs/slices.py). A job whose worker was killed goes on where its last transaction ended; nothing is done twice.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import update_wrapper
from types import ModuleType
from typing import Protocol
from uuid import UUID

from kit import declarations
from kit.db import Json

__all__ = ["Call", "Job", "Progress", "declared_in", "job"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a job's function: the position where it begins, the job's arguments, and the time (UTC).

    The position of the first call is `{}`. The transaction of the call has the tenant `company_id`; with None it is one
    of the operator role.
    """

    job_id: UUID
    position: Json
    arguments: Json
    company_id: UUID | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """What one call of a job's function has done.

    `position` is where the next call begins; None ends the job. `items` is the number of items this call has processed.
    """

    position: Json | None
    items: int = 0


class JobFunction(Protocol):
    """The function of a job. A call takes less than a second."""

    __name__: str

    def __call__(self, call: Call) -> Progress:
        """Do the work at the call's position, in the current transaction."""


class Job:
    """A declared job. Calling it calls its function."""

    def __init__(self, work: JobFunction) -> None:
        self.name, self._work = work.__name__, work
        update_wrapper(self, work)

    def __call__(self, call: Call) -> Progress:
        """Call the function."""
        return self._work(call)


job: Callable[[JobFunction], Job] = Job
"""Declares a job by decorating its function, whose name is the job's name."""


def declared_in(modules: Iterable[ModuleType]) -> dict[str, Job]:
    """The jobs that these modules declare, by name. Raises ValueError when two have the same name."""
    return declarations.declared_in(modules, Job, plural="jobs")
