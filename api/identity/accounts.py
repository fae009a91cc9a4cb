"""Registering, showing that a mail address is one's own, and getting in again without a password.

Whoever asks is told the same, whether or not somebody is registered: what there is to say stands in a mail.
"""

from datetime import datetime
from typing import Any

from flask import request

from api.blueprint import Blueprint
from api.identity import letters
from api.identity.schemas import (
    AskedSchema,
    MembershipSchema,
    NewPasswordSchema,
    RegistrationSchema,
    TokenSchema,
    WhoSchema,
)
from domain.companies import lifecycle
from domain.companies.errors import CompanySuspended
from domain.identity import (
    email_ownership,
    invitations,
    one_time_links,
    operations,
    password_strength,
    passwords,
    queries,
    throttle,
)
from domain.identity.errors import InsufficientPrivileges
from domain.identity.models import Membership, User
from domain.identity.one_time_links import Purpose
from domain.identity.throttle import MAIL_REQUESTS, PASSWORD_ATTEMPTS
from kit import clock, db
from kit.tenancy import Tenant

accounts = Blueprint("accounts", __name__, url_prefix="/api/auth", description="Registering, and forgotten passwords")


@accounts.post("/register")
@accounts.arguments(RegistrationSchema)
@accounts.response(202, AskedSchema)
def register(body: dict[str, Any]) -> dict[str, Any]:
    """Register a user.

    The mail address is kept in lower case and is what you log in with. A mail to it holds a link to verify it by; you
    may log in before, and order once it is verified. The answer is the same if somebody has registered with the address
    already: then the mail says so. Everybody may buy; to sell, found a company.
    """
    email, name = body["email"], body["name"]
    password_strength.require_strong(body["password"], about=(email, name))
    password_hash, now = passwords.hash_password(body["password"]), clock.now()
    with db.transaction(Tenant()):
        if not throttle.count_attempt(MAIL_REQUESTS, email, now=now):
            user, is_new = operations.register_or_find(email=email, name=name, password_hash=password_hash)
            letters.write("verify_email" if is_new else "registered_already", user, now=now)
    return body


@accounts.post("/verify-email")
@accounts.arguments(NewPasswordSchema)
@accounts.response(204)
@accounts.alt_response(409, "Conflict")
def verify_email(body: dict[str, Any]) -> None:
    """Verify a mail address, and choose the password of its account.

    The token is the text behind the `#` of the link in the mail; it is good for 24 hours, once. From now on the account
    has this password. If it is not the one that was given when the address was registered, somebody else may have
    registered it: then sessions, API keys, the second factor and addresses from before are deleted.
    """
    password, now = body["password"], clock.now()
    user = _holder(body["token"], "verify_email", now=now)
    password_hash = user.password_hash if passwords.matches(password, user.password_hash) else _chosen(password, user)
    with db.transaction(Tenant()):
        user_id = one_time_links.redeem(token=body["token"], purpose="verify_email", now=now)
        email_ownership.verify(user_id=user_id, password_hash=password_hash, now=now)


@accounts.post("/forgot-password")
@accounts.arguments(WhoSchema)
@accounts.response(202, AskedSchema)
def forgot_password(body: dict[str, Any]) -> dict[str, Any]:
    """Ask for a mail with a link to choose a new password by, if somebody has registered with this address."""
    email, now = body["email"], clock.now()
    with db.transaction(Tenant()):
        wait = throttle.count_attempt(MAIL_REQUESTS, email, now=now)
        user = queries.user_by_email(email=email)
        if user is not None and not wait:
            letters.write("reset_password", user, now=now)
        elif not wait:
            letters.write_to_nobody(now=now)
    return body


@accounts.post("/reset-password")
@accounts.arguments(NewPasswordSchema)
@accounts.response(204)
@accounts.alt_response(409, "Conflict")
def reset_password(body: dict[str, Any]) -> None:
    """Choose a new password, with the token behind the `#` of the link in the mail. It is good for an hour, once.

    It ends all logins, and verifies the mail address. If that was not verified, API keys, the second factor and
    addresses from before are deleted: somebody else may have registered it.
    """
    now = clock.now()
    password_hash = _chosen(body["password"], _holder(body["token"], "reset_password", now=now))
    with db.transaction(Tenant()):
        user_id = one_time_links.redeem(token=body["token"], purpose="reset_password", now=now)
        user = email_ownership.reset_password(user_id=user_id, password_hash=password_hash, now=now)
        throttle.reset(PASSWORD_ATTEMPTS, user.email, request.remote_addr or "", now=now)
        letters.write("password_changed", user, now=now)


@accounts.post("/accept-invitation")
@accounts.arguments(TokenSchema)
@accounts.response(200, MembershipSchema)
@accounts.alt_response(409, "Conflict")
@accounts.refuses(CompanySuspended, InsufficientPrivileges)
def accept_invitation(body: dict[str, Any]) -> Membership:
    """Accept an invitation, with the token behind the `#` of the link in the mail. It is good for 7 days, once.

    The role goes to the user who has registered with the address that was invited, and verified it. They act in it once
    they log in again, or refresh their token with the company's id. Logins that name no company act for it from now on.
    """
    with db.transaction(Tenant()):
        membership = invitations.accept(token=body["token"], now=clock.now())
        assert membership.company_id is not None
        lifecycle.require_writable(company_id=membership.company_id)
        return membership


def _holder(token: str, purpose: Purpose, *, now: datetime) -> User:
    """The user whom the link was mailed to; raises LinkExpired. It comes first: what follows takes time and memory."""
    with db.transaction(Tenant()):
        return queries.the_user(user_id=one_time_links.user_of(token=token, purpose=purpose, now=now))


def _chosen(password: str, user: User) -> str:
    """The hash of a password that the user chooses; raises Invalid when it is easily guessed."""
    password_strength.require_strong(password, about=(user.email, user.name))
    return passwords.hash_password(password)
