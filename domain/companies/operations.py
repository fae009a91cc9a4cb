"""Founding companies and changing how they work."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from domain.companies import history
from domain.companies.models import Company
from domain.companies.plans import TRIAL_LASTS
from domain.companies.queries import the_locked_company
from kit import clock, db, outbox


def found(
    *, company_id: UUID, name: str, email: str, currency: str, by: UUID | None = None, **settings: Any
) -> Company:
    """Add the company this transaction acts for, on trial. Its currency (ISO 4217) never changes.

    The settings are columns of Company, as `change` takes them.
    """
    company = Company(
        id=company_id, name=name, email=email, currency=currency, plan="trial",
        trial_ends_at=clock.now() + TRIAL_LASTS, **settings,
    )  # fmt: skip
    session = db.session()
    session.add(company)
    session.flush()
    history.note("created", company_id=company_id, by=by, name=name)
    session.refresh(company)
    return company


def change(*, company_id: UUID, expected_versions: Collection[int] | None = None, **settings: Any) -> Company:
    """Change what is given of how the company this transaction acts for works.

    Raises CompanyNotFound for any other, CompanyChanged when it is at none of the expected versions.
    """
    company = the_locked_company(company_id=company_id, expected_versions=expected_versions)
    changed = {name: value for name, value in settings.items() if getattr(company, name) != value}
    for name, value in changed.items():
        setattr(company, name, value)
    if changed:
        company.version += 1
        data = {"company_id": str(company_id), "changed": sorted(changed), "version": company.version}
        outbox.publish("company.updated", data, subject=company_id, company_id=company_id)
    return company
