"""Reading companies."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from domain.companies.errors import CompanyChanged, CompanyNotFound
from domain.companies.models import Company
from kit import db
from kit.paging import Page, page
from kit.versions import the_locked


def the_company(*, company_id: UUID) -> Company:
    """Return the company that the transaction acts for, or one that its user belongs to; raises CompanyNotFound."""
    company = db.session().get(Company, company_id)
    if company is None:
        raise CompanyNotFound
    return company


def the_locked_company(*, company_id: UUID, expected_versions: Collection[int] | None = None) -> Company:
    """Return the company that the transaction acts for, locked. Inserts that refer to it do not wait for the lock.

    Raises CompanyNotFound for any other company, and CompanyChanged if the company has none of the expected versions.
    """
    query = select(Company).where(Company.id == company_id)
    return the_locked(query, expected_versions, missing=CompanyNotFound, stale=CompanyChanged)


def companies(*, limit: int, after: UUID | None = None) -> Page[Company]:
    """List the companies that the current user belongs to, the oldest first, after the one with the id `after`."""
    return page(select(Company), Company.id, limit=limit, after=after)
