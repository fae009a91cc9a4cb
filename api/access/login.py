"""Login, refresh and logout."""

from typing import Any
from uuid import UUID

from flask import request

from api.accounts.credentials import authenticate
from api.accounts.schemas import CredentialsSchema, LogoutSchema, RefreshSchema, TokensSchema
from api.auth import access, tokens
from api.auth.caller import Caller
from api.http.blueprint import Blueprint
from api.http.fields import MAX_NAME_LENGTH
from domain.access import memberships, queries
from domain.access.models import Membership
from domain.accounts import queries as users
from domain.accounts import sessions
from domain.accounts.errors import SessionEnded
from domain.companies import queries as companies
from domain.payments import card_numbers
from kit import clock, db, tenancy
from kit.tenancy import Tenant

blueprint = Blueprint("auth", __name__, url_prefix="/api/auth", description="Login, refresh and logout")


@blueprint.post("/login")
@blueprint.requires(access.PUBLIC)
@blueprint.arguments(CredentialsSchema)
@blueprint.response(200, TokensSchema)
@blueprint.alt_response(401, "Unauthenticated")
@blueprint.alt_response(404, "NotFound")
@blueprint.alt_response(429, "TooManyRequests")
def log_in(body: dict[str, Any]) -> dict[str, Any]:
    """Log in, to act for a company or as a customer.

    Send a `company_id` to act for that company in your role there, or `null` to act as a customer. If you leave it out,
    you act for the company that you chose last: by sending a `company_id` here or at a refresh, by creating a company,
    or by accepting an invitation. If you no longer have a role there, you act as a customer.

    If you have a second factor, send its `code`; without it, the response is 401 `second_factor_required`.

    After several wrong passwords for an account, the client's address must wait before the next attempt, longer each
    time. After ten wrong codes for an account within an hour, no code is accepted for a while, from any address.
    """
    user = authenticate(body["email"], body["password"], body["code"])
    with db.transaction(Tenant(user_id=user.id)):
        # The password was checked before this transaction. If it was reset meanwhile, the login must fail.
        users.lock_password(user_id=user.id, password_hash=user.password_hash)
        if "company_id" in body:
            company_id = body["company_id"]
            membership = _choose_company(user.id, company_id)
        else:
            company_id = queries.default_company(user_id=user.id)
            membership = _membership_in(user.id, company_id)
        grant = sessions.start(user_id=user.id, company_id=company_id, now=clock.now(), **device())
        return tokens.token_response(Caller.from_session(grant.session, membership), grant)


@blueprint.post("/refresh")
@blueprint.requires(access.PUBLIC)
@blueprint.arguments(RefreshSchema)
@blueprint.response(200, TokensSchema)
@blueprint.alt_response(401, "Unauthenticated")
@blueprint.alt_response(404, "NotFound")
def refresh_tokens(body: dict[str, Any]) -> dict[str, Any]:
    """Exchange a refresh token for new tokens, optionally for another company.

    Leave `company_id` out to keep the company. A refresh token is valid once. If it is used again, it was probably
    stolen, so the session ends and all its tokens become invalid. Two tabs may refresh at the same time: within 10
    seconds, and until the new refresh token is used, the old one returns the same new token again.
    """
    with db.transaction(Tenant()):
        grant = sessions.refresh(refresh_token=body["refresh_token"], now=clock.now())
        if grant is not None:
            user_session = grant.session
            if "company_id" in body:
                membership = _choose_company(user_session.user_id, body["company_id"])
                user_session.active_company_id = body["company_id"]
            else:
                membership = _membership_in(user_session.user_id, user_session.active_company_id)
            return tokens.token_response(Caller.from_session(user_session, membership), grant)
    raise SessionEnded


@blueprint.post("/logout")
@blueprint.requires(access.PUBLIC)
@blueprint.arguments(LogoutSchema)
@blueprint.response(204)
def log_out(body: dict[str, Any]) -> None:
    """Log out: end the session of this refresh token.

    Its refresh tokens become invalid. Its access tokens can no longer write (401 `session_ended`), and can read until
    they expire, within 15 minutes. Repeating the request is safe. To end all sessions, `DELETE /api/me/sessions`.
    """
    with db.transaction(Tenant()):
        sessions.end_by_token(refresh_token=body["refresh_token"], now=clock.now())


def device() -> dict[str, str | None]:
    """The user agent and IP address, by which users recognize their sessions."""
    name = (request.user_agent.string or "")[:MAX_NAME_LENGTH]
    return {"device": None if card_numbers.appears_in(name) else name or None, "ip_address": request.remote_addr}


def _choose_company(user_id: UUID, company_id: UUID | None) -> Membership | None:
    """The membership in the company, which becomes the default for later logins; None for a customer."""
    membership = _membership_in(user_id, company_id)
    memberships.choose_company(user_id=user_id, company_id=company_id)
    return membership


def _membership_in(user_id: UUID, company_id: UUID | None) -> Membership | None:
    """The membership in the company, None for a customer; raises NotAMember, CompanyNotFound."""
    if company_id is None:
        return None
    membership = queries.membership_in(user_id=user_id, company_id=company_id)
    # A super admin is a member of no company, so check that the company exists.
    db.run(tenancy.SET_TENANT, tenancy.as_params(Tenant(company_id=company_id, user_id=user_id)))
    companies.the_company(company_id=company_id)
    return membership
