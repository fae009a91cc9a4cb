"""Login, refresh, logout and accepted invitations."""

from typing import Any

from flask import request

from api.access.login_schemas import CredentialsSchema, LogoutSchema, RefreshSchema, TokensSchema
from api.access.member_schemas import MembershipSchema
from api.accounts.credentials import authenticate
from api.accounts.schemas import LinkTokenSchema
from api.auth import requirements, tokens
from api.auth.caller import Caller
from api.http.blueprint import Blueprint
from api.http.fields import MAX_NAME_LENGTH
from domain.access import invitations, login
from domain.access.errors import ExceedsOwnPermissions
from domain.access.login import CompanyChoice, LoginResult
from domain.access.models import Membership
from domain.accounts import sessions
from domain.accounts.errors import SessionEnded
from domain.companies.errors import CompanySuspended
from kit import card_numbers, clock, db
from kit.tenancy import Tenant

blueprint = Blueprint("auth", __name__, url_prefix="/api/auth", description="Login, refresh and logout")


@blueprint.post("/login")
@blueprint.requires(requirements.PUBLIC)
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
        logged_in = login.log_in(
            user_id=user.id, password_hash=user.password_hash, act_for=_act_for(body), now=clock.now(), **device()
        )
        return _token_response(logged_in)


@blueprint.post("/refresh")
@blueprint.requires(requirements.PUBLIC)
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
        logged_in = login.refresh(refresh_token=body["refresh_token"], act_for=_act_for(body), now=clock.now())
    if logged_in is None:
        raise SessionEnded
    return _token_response(logged_in)


@blueprint.post("/accept-invitation")
@blueprint.requires(requirements.PUBLIC)
@blueprint.arguments(LinkTokenSchema)
@blueprint.response(200, MembershipSchema)
@blueprint.alt_response(409, "Conflict")
@blueprint.refuses(CompanySuspended, ExceedsOwnPermissions)
def accept_invitation(body: dict[str, Any]) -> Membership:
    """Accept an invitation, with the token after the `#` of the link in the mail. It is valid once, for 7 days.

    The user with the invited mail address gets the role; the address must be verified. To use the role, they log in
    again or refresh their token with the company's id. From now on, logins without `company_id` act for this company.
    """
    with db.transaction(Tenant()):
        return invitations.accept(token=body["token"], now=clock.now())


@blueprint.post("/logout")
@blueprint.requires(requirements.PUBLIC)
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


def _act_for(body: dict[str, Any]) -> CompanyChoice | None:
    """The `company_id` in the request, which may be null; None if there is none, which changes nothing."""
    return CompanyChoice(body["company_id"]) if "company_id" in body else None


def _token_response(logged_in: LoginResult) -> dict[str, Any]:
    caller = Caller.from_session(logged_in.grant.session, logged_in.membership)
    return tokens.token_response(caller, logged_in.grant)
