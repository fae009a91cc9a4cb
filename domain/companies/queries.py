"""Reading companies."""

from uuid import UUID

from sqlalchemy import select

from domain.companies.errors import CompanyNotFound
from domain.companies.models import Company
from kit import db


def the_company(*, company_id: UUID) -> Company:
    """The company this transaction acts for, or one its user belongs to; raises CompanyNotFound."""
    company = db.session().get(Company, company_id)
    if company is None:
        raise CompanyNotFound
    return company


def companies(*, limit: int, after: UUID | None = None) -> list[Company]:
    """The companies the current user belongs to, the oldest first, from behind `after`."""
    query = select(Company).order_by(Company.id).limit(limit)
    return list(db.session().scalars(query.where(Company.id > after) if after else query))
