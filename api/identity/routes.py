"""Registering, logging in and out, and who one is."""

from typing import Any
from uuid import UUID

from api import tokens
from api.blueprint import Blueprint
from api.caller import Caller
from api.identity.schemas import (
    CredentialsSchema,
    LogoutSchema,
    MeSchema,
    RefreshSchema,
    RegistrationSchema,
    TokensSchema,
    UserSchema,
)
from api.tenant import acting
from domain.companies import queries as companies
from domain.identity import logins, operations, passwords, queries
from domain.identity.errors import LoginOver, WrongCredentials
from domain.identity.models import User
from kit import clock, db, tenancy
from kit.tenancy import Tenant

auth = Blueprint("auth", __name__, url_prefix="/api/auth", description="Registering, logging in and out")
me = Blueprint("me", __name__, url_prefix="/api/me", description="Who you are")


@auth.post("/register")
@auth.arguments(RegistrationSchema)
@auth.response(201, UserSchema)
@auth.alt_response(409, "Conflict")
def register(body: dict[str, Any]) -> User:
    """Register a user.

    The mail address is kept in lower case and is what you log in with. Everybody may buy; to sell, found a company.
    """
    password_hash = passwords.hashed(body["password"])
    with db.transaction(Tenant()):
        return operations.register(email=body["email"], name=body["name"], password_hash=password_hash)


@auth.post("/login")
@auth.arguments(CredentialsSchema)
@auth.response(200, TokensSchema)
@auth.alt_response(401, "Unauthenticated")
@auth.alt_response(404, "NotFound")
def log_in(body: dict[str, Any]) -> dict[str, Any]:
    """Log in, to act for a company or as a customer.

    Name a `company_id` to act for that company in your role there. Leave it out to act for the one company you belong
    to, or as a customer when you belong to none or to several. Say `null` to act as a customer in any case.
    """
    with db.transaction(Tenant()):
        user = queries.user_by_email(email=body["email"])
    # Outside of a transaction: hashing is slow on purpose, and would keep a connection from others.
    if not passwords.fits(body["password"], user.password_hash if user else None) or user is None:
        raise WrongCredentials
    with db.transaction(Tenant(user_id=user.id)):
        caller = _scoped(user.id, body)
        return tokens.pair(caller, logins.begin(user_id=user.id, now=clock.now()))


@auth.post("/refresh")
@auth.arguments(RefreshSchema)
@auth.response(200, TokensSchema)
@auth.alt_response(401, "Unauthenticated")
@auth.alt_response(404, "NotFound")
def refresh(body: dict[str, Any]) -> dict[str, Any]:
    """Exchange a refresh token for new tokens, and perhaps act for another company.

    Leave `company_id` out to go on acting as you did. A refresh token is good for one exchange; if it comes a second
    time, the login ends for all who hold its tokens.
    """
    caller, token_id, _ = tokens.read_refresh_token(body["refresh_token"])
    with db.transaction(Tenant(user_id=caller.user_id)):
        successor = logins.replace(token_id=token_id, now=clock.now())
        if successor is not None:
            return tokens.pair(_scoped(caller.user_id, {"company_id": caller.company_id, **body}), successor)
    raise LoginOver


@auth.post("/logout")
@auth.arguments(LogoutSchema)
@auth.response(204)
@auth.alt_response(401, "Unauthenticated")
def log_out(body: dict[str, Any]) -> None:
    """Log out: end the login this refresh token belongs to.

    None of its refresh tokens is good any more; an access token that is out there lapses within 15 minutes.
    """
    caller, _, family_id = tokens.read_refresh_token(body["refresh_token"])
    with db.transaction(Tenant(user_id=caller.user_id)):
        logins.end(family_id=family_id, now=clock.now())


@me.get("")
@me.response(200, MeSchema)
def get_me() -> dict[str, Any]:
    """Say who you are, what you act as just now, and all you may act as."""
    with acting() as caller:
        user = queries.the_user(user_id=caller.user_id)
        memberships = queries.memberships_of(user_id=caller.user_id)
    return {
        **{field: getattr(user, field) for field in UserSchema().fields},
        "role": caller.role,
        "company_id": caller.company_id,
        "shop_id": caller.shop_id,
        "memberships": memberships,
    }


def _scoped(user_id: UUID, wish: dict[str, Any]) -> Caller:
    if "company_id" not in wish:
        membership = queries.only_membership(user_id=user_id)
        return Caller.as_member(user_id, membership, company_id=membership.company_id if membership else None)
    company_id = wish["company_id"]
    if company_id is None:
        return Caller(user_id)
    membership = queries.membership_in(user_id=user_id, company_id=company_id)
    # A super admin belongs to no company in particular: is there one under that id?
    db.run(tenancy.ACT_FOR, tenancy.named(Tenant(company_id=company_id, user_id=user_id)))
    companies.the_company(company_id=company_id)
    return Caller.as_member(user_id, membership, company_id=company_id)
