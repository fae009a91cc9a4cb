"""Founding companies and changing how they work."""

from collections.abc import Collection
from typing import TypedDict, Unpack
from uuid import UUID

from domain.companies import history
from domain.companies.models import Company
from domain.companies.plans import TRIAL_LASTS
from domain.companies.queries import the_locked_company
from domain.notifications.context import Branding
from kit import changes, clock, db
from kit.messaging import outbox


class CompanySettings(TypedDict, total=False):
    """How a company works: columns of Company that its admins set."""

    allows_discount: bool
    max_discount_percent: int
    accepts_raw_cards: bool
    locale: str
    prices_include_tax: bool
    order_expiry_minutes: int
    low_stock_threshold: int
    branding: Branding


class CompanyChanges(CompanySettings, total=False):
    """What admins may change of a company; its plan and standing have operations of their own."""

    name: str
    email: str


def found(
    *, company_id: UUID, name: str, email: str, currency: str, by: UUID | None = None,
    **settings: Unpack[CompanySettings],
) -> Company:  # fmt: skip
    """Add the company this transaction acts for, on trial. Its currency (ISO 4217) never changes."""
    changes.refuse_undeclared(settings, declared=CompanySettings)
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


def change(
    *, company_id: UUID, expected_versions: Collection[int] | None = None, **values: Unpack[CompanyChanges]
) -> Company:
    """Change what is given of how the company this transaction acts for works.

    Raises CompanyNotFound for any other, CompanyChanged when it is at none of the expected versions.
    """
    company = the_locked_company(company_id=company_id, expected_versions=expected_versions)
    changed = changes.apply(company, values, declared=CompanyChanges)
    if changed:
        company.version += 1
        data = {"company_id": str(company_id), "changed": changed, "version": company.version}
        outbox.publish("company.updated", data, subject=company_id, company_id=company_id)
    return company
