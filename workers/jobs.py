"""All jobs: those of the areas (`saga/jobs/<area>.py`), and those of the platform; and what keeps them going."""

from datetime import datetime

import structlog

from domain import areas
from kit import jobs
from kit.jobs import Job, rows
from kit.schedules import every, schedule
from workers import retention

PLATFORM_MODULES = (retention,)

log = structlog.get_logger()


def declared() -> dict[str, Job]:
    """Every job, by name."""
    return jobs.declared_in((*areas.modules("saga.jobs"), *PLATFORM_MODULES))


@schedule(every(minutes=1))
def resend_lost_jobs(*, now: datetime) -> None:
    """Send the messages of jobs again that the broker has lost."""
    lost = rows.resend_lost(now=now)
    if lost:
        log.warning("lost jobs re-sent", jobs=lost)
