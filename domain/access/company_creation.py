"""Create a company with its first admin."""

from datetime import datetime, timedelta
from typing import Unpack
from uuid import UUID

from domain.access import memberships
from domain.access.permission_sets import company_creator_permissions
from domain.accounts import queries as users
from domain.accounts import throttle
from domain.accounts.throttle import Quota
from domain.companies import company_settings as companies
from domain.companies.company_settings import CompanySettings
from domain.companies.models import Company

COMPANIES_PER_USER = Quota("new-companies", "You can create 3 companies a day", limit=3, window=timedelta(days=1))


def create(
    *, company_id: UUID, user_id: UUID, name: str, email: str, currency: str, now: datetime,
    **company_settings: Unpack[CompanySettings],
) -> Company:  # fmt: skip
    """Create the company that the transaction acts for, with the current user as its admin.

    It becomes the company that the user acts for by default. Raises EmailUnverified, and TooManyRequests after
    COMPANIES_PER_USER.
    """
    user = users.the_verified_user(user_id=user_id)
    throttle.consume(COMPANIES_PER_USER, user.email, now=now)
    company = companies.create(
        company_id=company_id, name=name, email=email, currency=currency, by=user_id, now=now, **company_settings
    )
    memberships.join(user_id=user_id, company_id=company_id, role="company_admin", actor=company_creator_permissions())
    return company
