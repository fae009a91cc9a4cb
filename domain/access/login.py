"""Log in and refresh: a session of a user, in the role that they have in the company they act for."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.access import memberships, queries
from domain.access.models import Membership
from domain.accounts import queries as users
from domain.accounts import sessions
from domain.accounts.sessions import SessionGrant
from domain.companies import queries as companies
from kit import db
from kit.tenancy import Tenant


@dataclass(frozen=True, slots=True)
class CompanyChoice:
    """The company to act for from now on; None for a customer."""

    company_id: UUID | None


@dataclass(frozen=True, slots=True)
class LoginResult:
    """A session with its refresh token, and the user's membership in the company; None for a customer."""

    grant: SessionGrant
    membership: Membership | None


def log_in(
    *,
    user_id: UUID,
    password_hash: str,
    act_for: CompanyChoice | None,
    device: str | None,
    ip_address: str | None,
    now: datetime,
) -> LoginResult:
    """Start a session of the current user, whose password was checked against `password_hash` before.

    Without `act_for` the user acts for the company chosen last. Raises InvalidCredentials if the password has changed
    meanwhile, NotAMember, CompanyNotFound.
    """
    users.lock_unchanged_password(user_id=user_id, password_hash=password_hash)
    if act_for is None:
        company_id = queries.default_company(user_id=user_id)
        membership = _membership_in(user_id, company_id)
    else:
        company_id = act_for.company_id
        membership = _switch_company(user_id, company_id)
    grant = sessions.start(user_id=user_id, company_id=company_id, device=device, ip_address=ip_address, now=now)
    return LoginResult(grant, membership)


def refresh(*, refresh_token: str, act_for: CompanyChoice | None, now: datetime) -> LoginResult | None:
    """Exchange a refresh token for its successor; None when the session has ended, which must be committed.

    Without `act_for` the session keeps its company. Raises NotAMember, CompanyNotFound.
    """
    grant = sessions.refresh(refresh_token=refresh_token, now=now)
    if grant is None:
        return None
    user_session = grant.session
    if act_for is None:
        return LoginResult(grant, _membership_in(user_session.user_id, user_session.active_company_id))
    membership = _switch_company(user_session.user_id, act_for.company_id)
    user_session.active_company_id = act_for.company_id
    return LoginResult(grant, membership)


def _switch_company(user_id: UUID, company_id: UUID | None) -> Membership | None:
    """Make the company the default of later logins and return the user's membership in it.

    With None as the company, later logins are those of a customer, and there is no membership.
    """
    membership = _membership_in(user_id, company_id)
    memberships.set_default_company(user_id=user_id, company_id=company_id)
    return membership


def _membership_in(user_id: UUID, company_id: UUID | None) -> Membership | None:
    if company_id is None:
        return None
    membership = queries.membership_in(user_id=user_id, company_id=company_id)
    # A super admin is a member of no company, so check that the company exists.
    db.act_for(Tenant(company_id=company_id, user_id=user_id))
    companies.the_company(company_id=company_id)
    return membership
