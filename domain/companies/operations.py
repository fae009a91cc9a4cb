"""Founding companies and changing how they work."""

from uuid import UUID

from sqlalchemy import select

from domain.companies.errors import CompanyNotFound
from domain.companies.models import Company
from kit import db, outbox


def found(*, company_id: UUID, name: str, email: str, currency: str, allows_discount: bool = False) -> Company:
    """Add the company this transaction acts for. Its currency (ISO 4217) never changes."""
    company = Company(id=company_id, name=name, email=email, currency=currency, allows_discount=allows_discount)
    session = db.session()
    session.add(company)
    session.flush()
    outbox.publish(
        "company.created", {"company_id": str(company_id), "name": name}, subject=company_id, company_id=company_id
    )
    return company


def change(
    *,
    company_id: UUID,
    name: str | None = None,
    email: str | None = None,
    allows_discount: bool | None = None,
    accepts_raw_cards: bool | None = None,
) -> Company:
    """Change what is given of the company this transaction acts for; raises CompanyNotFound for any other."""
    company = db.session().scalar(select(Company).where(Company.id == company_id).with_for_update())
    if company is None:
        raise CompanyNotFound
    changes = {
        "name": name,
        "email": email,
        "allows_discount": allows_discount,
        "accepts_raw_cards": accepts_raw_cards,
    }
    for field, value in changes.items():
        if value is not None:
            setattr(company, field, value)
    return company
