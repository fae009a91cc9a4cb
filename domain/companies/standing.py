"""Whether a company does business: its plan, its suspension, and its end."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from domain.companies import history
from domain.companies.errors import CompanyClosed, CompanySuspended
from domain.companies.limits import refuse_too_small
from domain.companies.models import Company
from domain.companies.plans import PLANS
from domain.companies.queries import the_locked_company
from kit import db

GRACE = timedelta(days=30)
"""How long a company that shall be deleted may change its mind."""

_WHY_NOT = {
    "suspended": None,
    "closing": "The company is being deleted: until that is taken back it can be read, but nothing can be ordered or "
    "changed.",
    "closed": "The company is closed for good.",
}
STANDING = """CASE
    WHEN c.closed_at IS NOT NULL THEN 'closed' WHEN c.suspended_at IS NOT NULL THEN 'suspended'
    WHEN c.deletion_due_at IS NOT NULL THEN 'closing' ELSE 'active' END"""
"""In SQL, of the company `c`: its `standing`."""
_ITS_STANDING = f"SELECT {STANDING} FROM companies c WHERE c.id = %(company)s"  # noqa: S608 - our own words


def refuse_unless_active(standing: str) -> None:
    """Raise CompanySuspended unless a company of this standing does business."""
    if standing != "active":
        raise CompanySuspended(_WHY_NOT[standing])


def refuse_writes(*, company_id: UUID) -> None:
    """Raise CompanySuspended when the current company can only be read."""
    row = db.run(_ITS_STANDING, {"company": company_id}).fetchone()
    if row is not None:
        refuse_unless_active(row[0])


def subscribe(*, company_id: UUID, plan: str, by: UUID, expected_versions: Collection[int] | None = None) -> Company:
    """Put the current company on another plan, from now on; harmless when it is on it.

    Raises CompanyNotFound, CompanyChanged, PlanTooSmall when more is in use than the plan allows.
    """
    company = the_locked_company(company_id=company_id, expected_versions=expected_versions)
    if company.plan == plan:
        return company
    refuse_too_small(PLANS[plan], company_id=company_id)
    history.note("plan_changed", company_id=company_id, by=by, before=company.plan, after=plan)
    company.plan, company.trial_ends_at = plan, None
    company.version += 1
    return company


def suspend(*, company_id: UUID, reason: str, by: UUID, now: datetime) -> Company:
    """Let the current company only be read until it is resumed; orders under way come to their end.

    Again, it puts another reason on record. Raises CompanyNotFound, CompanyClosed.
    """
    company = _the_open_company(company_id)
    history.note("suspended", company_id=company_id, by=by, reason=reason)
    company.suspended_at = company.suspended_at or now
    company.version += 1
    return company


def resume(*, company_id: UUID, reason: str, by: UUID) -> Company:
    """Let the current company do business again; harmless when it does. Raises CompanyNotFound, CompanyClosed."""
    company = _the_open_company(company_id)
    if company.suspended_at is not None:
        history.note("resumed", company_id=company_id, by=by, reason=reason)
        company.suspended_at = None
        company.version += 1
    return company


def request_deletion(
    *, company_id: UUID, by: UUID, now: datetime, expected_versions: Collection[int] | None = None
) -> Company:
    """Have the current company closed for good once GRACE is over; until then it is as if suspended.

    Harmless when that was asked for before. Raises CompanyNotFound, CompanyChanged, CompanyClosed.
    """
    company = _the_open_company(company_id, expected_versions)
    if company.deletion_due_at is None:
        company.deletion_due_at = now + GRACE
        company.version += 1
        history.note("deletion_requested", company_id=company_id, by=by, due_at=company.deletion_due_at.isoformat())
    return company


def withdraw_deletion(*, company_id: UUID, by: UUID) -> Company:
    """Keep the current company after all; harmless when nobody wants it deleted.

    Raises CompanyNotFound, CompanyClosed when it is too late.
    """
    company = _the_open_company(company_id)
    if company.deletion_due_at is not None:
        history.note("deletion_withdrawn", company_id=company_id, by=by)
        company.deletion_due_at = None
        company.version += 1
    return company


def due_for_closing(*, now: datetime) -> list[UUID]:
    """The companies whose grace is over, as the operator role sees them."""
    due = select(Company.id).where(Company.deletion_due_at <= now, Company.closed_at.is_(None))
    return list(db.session().scalars(due))


def close(*, company_id: UUID, now: datetime) -> bool:
    """Close the current company for good, if that is due by now; false when it is not, or has been done."""
    company = the_locked_company(company_id=company_id)
    if company.closed_at is not None or company.deletion_due_at is None or company.deletion_due_at > now:
        return False
    company.closed_at = now
    company.version += 1
    history.note("closed", company_id=company_id, by=None)
    return True


def _the_open_company(company_id: UUID, expected_versions: Collection[int] | None = None) -> Company:
    company = the_locked_company(company_id=company_id, expected_versions=expected_versions)
    if company.closed_at is not None:
        raise CompanyClosed
    return company
