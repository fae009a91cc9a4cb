"""Who one is, what one says of oneself, and changing one's own password."""

from typing import Any

from api.blueprint import Blueprint
from api.identity import letters
from api.identity.credentials import proven
from api.identity.own_schemas import ProfileSchema
from api.identity.schemas import MeSchema, PasswordChangeSchema, UserSchema
from api.tenant import acting
from domain.identity import operations, password_strength, passwords, profile, queries, sessions, throttle
from domain.identity.models import User
from domain.identity.profile import ProfileChanges
from domain.identity.throttle import MAIL_REQUESTS
from kit import clock
from kit.errors import TooManyRequests

me = Blueprint("me", __name__, url_prefix="/api/me", description="Who you are")


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


@me.patch("")
@me.arguments(ProfileSchema)
@me.response(200, UserSchema)
def change_me(body: dict[str, Any]) -> User:
    """Change what you say of yourself. Leave out what stays; null takes away."""
    with acting() as caller:
        return profile.change(user_id=caller.user_id, values=ProfileChanges(**body))


@me.post("/verification-mail")
@me.response(202)
@me.alt_response(429, "TooManyRequests")
def ask_for_verification_mail() -> None:
    """Ask for another mail to verify your address by; there is none if it is verified."""
    now = clock.now()
    with acting() as caller:
        user = queries.the_user(user_id=caller.user_id)
        wait = throttle.count_attempt(MAIL_REQUESTS, user.email, now=now)
        if user.verified_at is None and not wait:
            letters.write("verify_email", user, now=now)
    if wait:
        raise TooManyRequests(wait=wait)


@me.put("/password")
@me.arguments(PasswordChangeSchema)
@me.response(204)
@me.alt_response(429, "TooManyRequests")
def change_password(body: dict[str, Any]) -> None:
    """Change your password.

    It ends all your logins but this one, and a mail tells you of it.
    """
    with acting() as caller:
        user = queries.the_user(user_id=caller.user_id)
    user = proven(user.email, body["current_password"])
    password_strength.require_strong(body["password"], about=(user.email, user.name))
    password_hash, now = passwords.hash_password(body["password"]), clock.now()
    with acting():
        user = operations.change_password(user_id=user.id, old_hash=user.password_hash, new_hash=password_hash)
        sessions.end_all(user_id=user.id, except_for=caller.session_id, now=now)
        letters.write("password_changed", user, now=now)
