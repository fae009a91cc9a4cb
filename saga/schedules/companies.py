"""Close companies for good, once the grace period after the request to delete them is over."""

from datetime import datetime
from uuid import UUID

import structlog

from domain.companies import lifecycle
from domain.shops.company_closing import close_company
from kit import db
from kit.process import heartbeat
from kit.schedules import every, schedule
from kit.tenancy import Tenant

log = structlog.get_logger()


MAX_COMPANIES = 100
"""Companies of one run, which must end within `runs.RUN_LEASE`, or it is run a second time meanwhile."""


@schedule(every(minutes=10))
def close_due_companies(*, now: datetime) -> int:
    """Close companies whose deletion is due, each in its own transaction; return how many were closed.

    At most MAX_COMPANIES; the next run closes others. Any number of processes may do so at once. Orders and their
    records stay. A company that cannot be closed is logged, stops no other, and is tried again by a later run; this run
    fails, then. Raises an ExceptionGroup, and outages of the database.
    """
    with db.operator_transaction():
        due = lifecycle.due_for_closing(now=now, limit=MAX_COMPANIES)
    closed, errors = 0, []
    for company_id in due:
        heartbeat.beat()
        try:
            closed += _close_company(company_id, now)
        except Exception as error:
            if db.is_unavailable(error):
                raise
            log.exception("could not close a company", company_id=str(company_id))
            errors.append(error)
    if errors:
        raise ExceptionGroup("some companies are not closed", errors)
    return closed


def _close_company(company_id: UUID, now: datetime) -> bool:
    with db.transaction(Tenant(company_id=company_id)):
        return close_company(company_id=company_id, now=now)
