"""The user's own profile and password."""

from typing import Any

from api.accounts.credentials import verify_password
from api.accounts.profile_schemas import ProfileChangeSchema
from api.accounts.schemas import MeSchema, PasswordChangeSchema, UserSchema
from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from domain.access import queries as access
from domain.accounts import password_change, password_strength, passwords, profile, queries, registration
from domain.accounts.models import User
from domain.accounts.profile import ProfileChanges
from kit import clock

blueprint = Blueprint("me", __name__, url_prefix="/api/me", description="Your profile")


@blueprint.get("")
@blueprint.requires("manage_own_account")
@blueprint.response(200, MeSchema)
def get_me() -> dict[str, Any]:
    """Show your profile, your current role and company, and all your roles."""
    with request_transaction() as caller:
        user = queries.the_user(user_id=caller.user_id)
        memberships = access.memberships_of(user_id=caller.user_id)
    return {
        **{field: getattr(user, field) for field in UserSchema().fields},
        "role": caller.role,
        "company_id": caller.company_id,
        "shop_id": caller.shop_id,
        "memberships": memberships,
    }


@blueprint.patch("")
@blueprint.requires("manage_own_account")
@blueprint.arguments(ProfileChangeSchema)
@blueprint.response(200, UserSchema)
def update_me(body: dict[str, Any]) -> User:
    """Change your profile. Fields that you leave out do not change; null removes a value."""
    with request_transaction() as caller:
        return profile.change(user_id=caller.user_id, values=ProfileChanges(**body))


@blueprint.post("/verification-mail")
@blueprint.requires("manage_own_account")
@blueprint.response(202)
@blueprint.alt_response(429, "TooManyRequests")
def resend_verification_mail() -> None:
    """Request another mail to verify your address. None is sent if it is verified already."""
    with request_transaction() as caller:
        registration.resend_verification_mail(user_id=caller.user_id, now=clock.now())


@blueprint.put("/password")
@blueprint.requires("manage_own_account")
@blueprint.arguments(PasswordChangeSchema)
@blueprint.response(204)
@blueprint.alt_response(429, "TooManyRequests")
def change_password(body: dict[str, Any]) -> None:
    """Change your password.

    This ends all your other sessions, and sends you a mail.
    """
    with request_transaction() as caller:
        user = queries.the_user(user_id=caller.user_id)
    user = verify_password(user.email, body["current_password"])
    password_strength.require_strong(body["password"], about=(user.email, user.name))
    password_hash, now = passwords.hash_password(body["password"]), clock.now()
    with request_transaction():
        password_change.change(
            user_id=user.id, old_hash=user.password_hash, new_hash=password_hash, session_id=caller.session_id, now=now
        )
