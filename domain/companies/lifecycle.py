"""The lifecycle of a company: its plan, suspension, deletion and closing."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from domain.companies import history
from domain.companies.errors import CompanyClosed, CompanySuspended
from domain.companies.events import (
    COMPANY_CLOSED,
    COMPANY_RESUMED,
    COMPANY_SUSPENDED,
    DELETION_REQUESTED,
    DELETION_WITHDRAWN,
    PLAN_CHANGED,
    CompanyDecision,
    DeletionRequested,
    PlanChanged,
)
from domain.companies.history import Decision
from domain.companies.limits import require_plan_fits
from domain.companies.models import Company
from domain.companies.plans import PLANS
from domain.companies.queries import the_locked_company
from kit import db
from kit.messaging.events import Event

DELETION_GRACE_PERIOD = timedelta(days=30)
"""How long a requested deletion can be withdrawn."""

_READ_ONLY_REASONS = {
    "suspended": None,
    "closing": "The company is being deleted: it is read-only and accepts no orders until the deletion is withdrawn.",
    "closed": "The company is closed permanently.",
}
LIFECYCLE_STATE = """CASE
    WHEN c.closed_at IS NOT NULL THEN 'closed' WHEN c.suspended_at IS NOT NULL THEN 'suspended'
    WHEN c.deletion_due_at IS NOT NULL THEN 'closing' ELSE 'active' END"""
"""SQL expression: the `lifecycle_state` of the company `c`."""
_READ_STATE = f"SELECT {LIFECYCLE_STATE} FROM companies c WHERE c.id = %(company)s"  # noqa: S608 - our own words


def require_active(state: str) -> None:
    """Raise CompanySuspended unless the state is `active`."""
    if state != "active":
        raise CompanySuspended(_READ_ONLY_REASONS[state])


def require_writable(*, company_id: UUID) -> None:
    """Raise CompanySuspended when the current company is read-only."""
    row = db.run(_READ_STATE, {"company": company_id}).fetchone()
    if row is not None:
        require_active(row[0])


def change_plan(*, company_id: UUID, plan: str, by: UUID, expected_versions: Collection[int] | None = None) -> Company:
    """Change the current company's plan, effective immediately. Does nothing if the company has this plan already.

    Raises CompanyNotFound, CompanyChanged, and PlanTooSmall when the company uses more than the plan allows.
    """
    company = the_locked_company(company_id=company_id, expected_versions=expected_versions)
    if company.plan == plan:
        return company
    require_plan_fits(PLANS[plan], company_id=company_id)
    changed = PlanChanged(company_id, decided_by=by, previous_plan=company.plan, plan=plan)
    _record_decision(company, PLAN_CHANGED, changed, before=company.plan, after=plan)
    company.plan, company.trial_ends_at = plan, None
    return company


def suspend(*, company_id: UUID, reason: str, by: UUID, now: datetime) -> Company:
    """Make the current company read-only until it is resumed. Orders in progress are completed.

    A repeated call records another reason. Raises CompanyNotFound, CompanyClosed.
    """
    company = _the_open_company(company_id)
    _record_decision(company, COMPANY_SUSPENDED, CompanyDecision(company_id, decided_by=by), reason=reason)
    company.suspended_at = company.suspended_at or now
    return company


def resume(*, company_id: UUID, reason: str, by: UUID) -> Company:
    """End the current company's suspension, if there is one; raises CompanyNotFound, CompanyClosed."""
    company = _the_open_company(company_id)
    if company.suspended_at is not None:
        _record_decision(company, COMPANY_RESUMED, CompanyDecision(company_id, decided_by=by), reason=reason)
        company.suspended_at = None
    return company


def request_deletion(
    *, company_id: UUID, by: UUID, now: datetime, expected_versions: Collection[int] | None = None
) -> Company:
    """Schedule the current company to be closed after DELETION_GRACE_PERIOD. Until then it is read-only.

    Does nothing if the deletion is scheduled already. Raises CompanyNotFound, CompanyChanged, CompanyClosed.
    """
    company = _the_open_company(company_id, expected_versions)
    if company.deletion_due_at is None:
        due_at = now + DELETION_GRACE_PERIOD
        company.deletion_due_at = due_at
        requested = DeletionRequested(company_id, decided_by=by, due_at=due_at)
        _record_decision(company, DELETION_REQUESTED, requested, due_at=due_at.isoformat())
    return company


def withdraw_deletion(*, company_id: UUID, by: UUID) -> Company:
    """Withdraw the current company's scheduled deletion, if there is one.

    Raises CompanyNotFound, and CompanyClosed when it has been closed already.
    """
    company = _the_open_company(company_id)
    if company.deletion_due_at is not None:
        _record_decision(company, DELETION_WITHDRAWN, CompanyDecision(company_id, decided_by=by))
        company.deletion_due_at = None
    return company


def due_for_closing(*, now: datetime, limit: int) -> list[UUID]:
    """List some companies whose deletion is due. Needs the operator role, which sees all companies.

    The order is random, so that companies that cannot be closed do not keep others from their turn.
    """
    due = select(Company.id).where(Company.deletion_due_at <= now, Company.closed_at.is_(None))
    return list(db.session().scalars(due.order_by(func.random()).limit(limit)))


def close(*, company_id: UUID, now: datetime) -> bool:
    """Close the current company permanently if its deletion is due. Returns whether it was closed by this call."""
    company = the_locked_company(company_id=company_id)
    if company.closed_at is not None or company.deletion_due_at is None or company.deletion_due_at > now:
        return False
    company.closed_at = now
    _record_decision(company, COMPANY_CLOSED, CompanyDecision(company_id, decided_by=None))
    return True


def _record_decision(company: Company, event: Event[Decision], payload: Decision, **detail: Any) -> None:
    company.version += 1
    history.record(event, payload, version=company.version, **detail)


def _the_open_company(company_id: UUID, expected_versions: Collection[int] | None = None) -> Company:
    company = the_locked_company(company_id=company_id, expected_versions=expected_versions)
    if company.closed_at is not None:
        raise CompanyClosed
    return company
