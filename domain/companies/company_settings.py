"""Creating companies and changing their settings."""

from collections.abc import Collection
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from domain.companies import history
from domain.companies.events import COMPANY_CREATED, COMPANY_UPDATED, CompanyDecision, CompanyUpdated
from domain.companies.models import Company
from domain.companies.plans import TRIAL_PERIOD
from domain.companies.queries import the_locked_company
from domain.notifications.context import Branding
from kit import changes, db
from kit.changes import ChangedColumns


class CompanySettings(TypedDict, total=False):
    """Optional settings of a company, at its creation and later. CompanyChanges adds the name and the mail address."""

    allows_discount: bool
    max_discount_percent: int
    accepts_raw_cards: bool
    locale: str
    prices_include_tax: bool
    order_expiry_minutes: int
    low_stock_threshold: int
    refund_limit: int | None
    branding: Branding


class CompanyChanges(CompanySettings, total=False):
    """What admins can change of a company. Its plan and state have separate operations (see `lifecycle`)."""

    name: str
    email: str


def create(
    *, company_id: UUID, name: str, email: str, currency: str, now: datetime, by: UUID | None = None,
    **settings: Unpack[CompanySettings],
) -> Company:  # fmt: skip
    """Create the company that the transaction acts for, on a trial. Its currency (ISO 4217) cannot be changed later."""
    changes.refuse_undeclared(settings, declared=CompanySettings)
    company = Company(
        id=company_id, name=name, email=email, currency=currency, plan="trial",
        trial_ends_at=now + TRIAL_PERIOD, **settings,
    )  # fmt: skip
    session = db.session()
    session.add(company)
    session.flush()
    history.record(COMPANY_CREATED, CompanyDecision(company_id, decided_by=by), version=1, name=name)
    session.refresh(company)
    return company


def change(
    *, company_id: UUID, expected_versions: Collection[int] | None = None, **values: Unpack[CompanyChanges]
) -> Company:
    """Change the given fields of the company that the transaction acts for.

    Raises CompanyNotFound for any other company, and CompanyChanged if the company has none of the expected versions.
    """
    company = the_locked_company(company_id=company_id, expected_versions=expected_versions)
    changes.apply_and_announce(
        company, values, declared=CompanyChanges, event=COMPANY_UPDATED, payload=_update_payload, company_id=company_id
    )
    return company


def _update_payload(company: Company, changed: ChangedColumns) -> CompanyUpdated:
    return CompanyUpdated(company.id, changed=changed.names, version=company.version)
