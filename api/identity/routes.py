"""Logging in and out."""

from typing import Any
from uuid import UUID

from flask import request

from api import tokens
from api.blueprint import Blueprint
from api.caller import Caller
from api.identity.credentials import admitted
from api.identity.schemas import (
    CredentialsSchema,
    LogoutSchema,
    RefreshSchema,
    TokensSchema,
)
from api.schemas import LONGEST_NAME
from domain.companies import queries as companies
from domain.identity import memberships, queries, sessions
from domain.identity.errors import SessionEnded
from domain.identity.models import Membership
from domain.payments import card_numbers
from kit import clock, db, tenancy
from kit.tenancy import Tenant

auth = Blueprint("auth", __name__, url_prefix="/api/auth", description="Logging in and out")


@auth.post("/login")
@auth.arguments(CredentialsSchema)
@auth.response(200, TokensSchema)
@auth.alt_response(401, "Unauthenticated")
@auth.alt_response(404, "NotFound")
@auth.alt_response(429, "TooManyRequests")
def log_in(body: dict[str, Any]) -> dict[str, Any]:
    """Log in, to act for a company or as a customer.

    Name a `company_id` to act for that company in your role there, or `null` to act as a customer. Leave it out to act
    as you chose last: by naming a `company_id` here or at a refresh, by founding a company, or by accepting an
    invitation. Where you have no role any more, you act as a customer. Nobody else can change what you chose.
    If you have a second factor, send its `code`; without, the answer is 401 `second_factor_required`.
    After some wrong passwords for an account, the address they came from has to wait, the longer the more there were.
    After ten wrong codes for an account within an hour none is taken for a while, wherever it comes from.
    """
    user = admitted(body["email"], body["password"], body["code"])
    with db.transaction(Tenant(user_id=user.id)):
        # The password was looked at before this transaction: a reset in between must end this session, too.
        queries.lock_password(user_id=user.id, password_hash=user.password_hash)
        if "company_id" in body:
            company_id = body["company_id"]
            membership = _choose(user.id, company_id)
        else:
            company_id = queries.default_company(user_id=user.id)
            membership = _role_at(user.id, company_id)
        grant = sessions.start(user_id=user.id, company_id=company_id, now=clock.now(), **device())
        return tokens.pair(Caller.at(grant.session, membership), grant)


@auth.post("/refresh")
@auth.arguments(RefreshSchema)
@auth.response(200, TokensSchema)
@auth.alt_response(401, "Unauthenticated")
@auth.alt_response(404, "NotFound")
def refresh(body: dict[str, Any]) -> dict[str, Any]:
    """Exchange a refresh token for new tokens, and perhaps act for another company.

    Leave `company_id` out to go on acting as you did. A refresh token is good for one exchange; if it comes a second
    time, the session ends for all holders of its tokens, because one of them is a thief. Only within 10 seconds, and
    before its successor is used, a token that is sent again is answered with the same successor: two tabs may refresh
    at once.
    """
    with db.transaction(Tenant()):
        grant = sessions.refresh(refresh_token=body["refresh_token"], now=clock.now())
        if grant is not None:
            user_session = grant.session
            if "company_id" in body:
                membership = _choose(user_session.user_id, body["company_id"])
                user_session.acts_for = body["company_id"]
            else:
                membership = _role_at(user_session.user_id, user_session.acts_for)
            return tokens.pair(Caller.at(user_session, membership), grant)
    raise SessionEnded


@auth.post("/logout")
@auth.arguments(LogoutSchema)
@auth.response(204)
def log_out(body: dict[str, Any]) -> None:
    """Log out on this device: end the session of this refresh token.

    None of its refresh tokens is good any more. Its access tokens write nothing from now on (401 `session_ended`), and
    can read until they lapse, within 15 minutes. It may be repeated. To log out on all devices, `DELETE
    /api/me/logins`.
    """
    with db.transaction(Tenant()):
        sessions.end_by_token(refresh_token=body["refresh_token"], now=clock.now())


def device() -> dict[str, str | None]:
    """What a user may know a login by: the browser or app, and the address it came from."""
    name = (request.user_agent.string or "")[:LONGEST_NAME]
    return {"device": None if card_numbers.appears_in(name) else name or None, "address": request.remote_addr}


def _choose(user_id: UUID, company_id: UUID | None) -> Membership | None:
    """The role to act in at the company, which logins act for by default from now on; None for a customer."""
    membership = _role_at(user_id, company_id)
    memberships.choose_company(user_id=user_id, company_id=company_id)
    return membership


def _role_at(user_id: UUID, company_id: UUID | None) -> Membership | None:
    """The role to act in at the company, None for a customer; raises NotAMember, CompanyNotFound."""
    if company_id is None:
        return None
    membership = queries.membership_in(user_id=user_id, company_id=company_id)
    # A super admin belongs to no company in particular: is there one under that id?
    db.run(tenancy.SET_TENANT, tenancy.as_params(Tenant(company_id=company_id, user_id=user_id)))
    companies.the_company(company_id=company_id)
    return membership
