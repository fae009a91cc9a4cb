"""Registration, verification of mail addresses and forgotten passwords.

Responses are the same whether or not a mail address is registered. Only the mails differ.
"""

from datetime import datetime
from typing import Any

from flask import request

from api.accounts.schemas import (
    EmailSchema,
    MailRequestedSchema,
    NewPasswordSchema,
    RegistrationSchema,
)
from api.auth import requirements
from api.http.blueprint import Blueprint
from domain.access import email_ownership
from domain.accounts import one_time_links, password_change, password_strength, passwords, queries, registration
from domain.accounts.models import User
from domain.accounts.one_time_links import Purpose
from kit import clock, db
from kit.tenancy import Tenant

blueprint = Blueprint("accounts", __name__, url_prefix="/api/auth", description="Registration and passwords")


@blueprint.post("/register")
@blueprint.requires(requirements.PUBLIC)
@blueprint.arguments(RegistrationSchema)
@blueprint.response(202, MailRequestedSchema)
def register_user(body: dict[str, Any]) -> dict[str, Any]:
    """Register a user.

    You log in with the mail address, which is stored in lower case. A mail to it contains a link to verify the address.
    You can log in before that, and order once it is verified. If the address is already registered, the response is the
    same, and the mail says so. Every user can buy; to sell, create a company.
    """
    email, name = body["email"], body["name"]
    password_strength.require_strong(body["password"], about=(email, name))
    password_hash, now = passwords.hash_password(body["password"]), clock.now()
    with db.transaction(Tenant()):
        registration.register(email=email, name=name, password_hash=password_hash, now=now)
    return body


@blueprint.post("/verify-email")
@blueprint.requires(requirements.PUBLIC)
@blueprint.arguments(NewPasswordSchema)
@blueprint.response(204)
@blueprint.alt_response(409, "Conflict")
def verify_email(body: dict[str, Any]) -> None:
    """Verify a mail address and set the password of its account.

    The token is the text after the `#` of the link in the mail. It is valid once, for 24 hours. If the password differs
    from the one of the registration, somebody else may have registered your address: then all earlier sessions, API
    keys, saved addresses and the second factor of the account are deleted.
    """
    password, now = body["password"], clock.now()
    user = _user_of_link(body["token"], "verify_email", now=now)
    password_hash = user.password_hash if passwords.matches(password, user.password_hash) else _hash_new(password, user)
    with db.transaction(Tenant()):
        email_ownership.verify(token=body["token"], password_hash=password_hash, now=now)


@blueprint.post("/forgot-password")
@blueprint.requires(requirements.PUBLIC)
@blueprint.arguments(EmailSchema)
@blueprint.response(202, MailRequestedSchema)
def request_password_reset(body: dict[str, Any]) -> dict[str, Any]:
    """Request a mail with a link to set a new password. It is sent only if the address is registered."""
    with db.transaction(Tenant()):
        password_change.request_reset(email=body["email"], now=clock.now())
    return body


@blueprint.post("/reset-password")
@blueprint.requires(requirements.PUBLIC)
@blueprint.arguments(NewPasswordSchema)
@blueprint.response(204)
@blueprint.alt_response(409, "Conflict")
def reset_password(body: dict[str, Any]) -> None:
    """Set a new password, with the token after the `#` of the link in the mail. It is valid once, for one hour.

    This ends all sessions and verifies the mail address. If the address was not verified before, somebody else may have
    registered it: then API keys, saved addresses and the second factor of the account are deleted.
    """
    now = clock.now()
    password_hash = _hash_new(body["password"], _user_of_link(body["token"], "reset_password", now=now))
    with db.transaction(Tenant()):
        email_ownership.reset_password(
            token=body["token"], password_hash=password_hash, network_address=request.remote_addr or "", now=now
        )


def _user_of_link(token: str, purpose: Purpose, *, now: datetime) -> User:
    """The user who received the link; raises LinkExpired. Called before hashing, which takes time and memory."""
    with db.transaction(Tenant()):
        return queries.the_user(user_id=one_time_links.user_of(token=token, purpose=purpose, now=now))


def _hash_new(password: str, user: User) -> str:
    """The hash of a new password; raises Invalid if the password is easy to guess."""
    password_strength.require_strong(password, about=(user.email, user.name))
    return passwords.hash_password(password)
