"""Reading companies."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import select

from domain.companies.errors import CompanyChanged, CompanyNotFound
from domain.companies.models import Company
from kit import db
from kit.paging import page


def the_company(*, company_id: UUID) -> Company:
    """The company this transaction acts for, or one its user belongs to; raises CompanyNotFound."""
    company = db.session().get(Company, company_id)
    if company is None:
        raise CompanyNotFound
    return company


def the_locked_company(*, company_id: UUID, expected_versions: Collection[int] | None = None) -> Company:
    """The company this transaction acts for, held until it ends; references to it (foreign keys) do not wait.

    Raises CompanyNotFound for any other, CompanyChanged when it is at none of the expected versions.
    """
    found = select(Company).where(Company.id == company_id).with_for_update(key_share=True)
    company = db.session().scalar(found.execution_options(populate_existing=True))
    if company is None:
        raise CompanyNotFound
    if expected_versions is not None and company.version not in expected_versions:
        raise CompanyChanged
    return company


def companies(*, limit: int, after: UUID | None = None) -> list[Company]:
    """The companies the current user belongs to, the oldest first, from behind `after`."""
    return list(db.session().scalars(page(select(Company), Company.id, limit=limit, after=after)))
