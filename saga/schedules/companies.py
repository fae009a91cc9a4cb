"""Close companies for good, once the grace period after the request to delete them is over."""

from datetime import datetime
from uuid import UUID

import structlog

from domain.companies import lifecycle
from domain.shops.company_closing import close_company
from kit import db
from kit.schedules import every, schedule
from kit.tenancy import Tenant

log = structlog.get_logger()


@schedule(every(minutes=10))
def close_due_companies(*, now: datetime) -> int:
    """Close every company whose deletion is due, each in its own transaction; return how many were closed.

    Any number of processes may do so at once. Orders and their records stay. A company that cannot be closed is logged,
    and tried again the next time. Raises only outages of the database.
    """
    with db.operator_transaction():
        due = lifecycle.due_for_closing(now=now)
    return sum(_try_to_close(company_id, now) for company_id in due)


def _try_to_close(company_id: UUID, now: datetime) -> bool:
    try:
        return _close(company_id, now)
    except Exception as error:
        if db.is_outage(error):
            raise
        log.exception("could not close a company", company_id=str(company_id))
        return False


def _close(company_id: UUID, now: datetime) -> bool:
    with db.transaction(Tenant(company_id=company_id)):
        return close_company(company_id=company_id, now=now)
