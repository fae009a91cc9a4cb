"""Closing companies for good, once the grace after their deletion was asked for is over."""

from datetime import datetime
from uuid import UUID

from domain.companies import standing
from domain.identity import leaving
from domain.shops import operations as shops
from kit import db
from kit.tenancy import Tenant


def close_due(*, now: datetime) -> int:
    """Close every company whose deletion is due, each in a transaction of its own; how many it were.

    Any number may run. Orders and their books stay.
    """
    with db.operator_transaction():
        due = standing.due_for_closing(now=now)
    return sum(_close(company_id, now) for company_id in due)


def _close(company_id: UUID, now: datetime) -> bool:
    with db.transaction(Tenant(company_id=company_id)):
        closed = standing.close(company_id=company_id, now=now)
        if closed:
            shops.close_all(company_id=company_id, now=now)
            leaving.end_all(company_id=company_id, now=now)
    return closed
