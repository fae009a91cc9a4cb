"""Set up, confirm and disable a second factor."""

from typing import Any

import pyotp

from api.accounts.credentials import authenticate, verify_password
from api.accounts.second_factor_schemas import (
    CodeSchema,
    PasswordAndCodeSchema,
    PasswordSchema,
    RecoveryCodesSchema,
    SecondFactorSchema,
    SecondFactorSetupSchema,
)
from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from domain.accounts import queries, second_factor
from domain.accounts.errors import EmailUnverified, InvalidSecondFactorCode
from kit import clock

blueprint = Blueprint(
    "second_factor", __name__, url_prefix="/api/me/second-factor", description="Your second factor (TOTP)"
)


@blueprint.get("")
@blueprint.requires("manage_own_account")
@blueprint.response(200, SecondFactorSchema)
def get_second_factor() -> dict[str, Any]:
    """Show whether login requires a code, and how many recovery codes are left."""
    with request_transaction() as caller:
        left = second_factor.recovery_codes_remaining(user_id=caller.user_id)
    return {"is_enabled": left is not None, "recovery_codes_remaining": left or 0}


@blueprint.post("")
@blueprint.requires("manage_own_account")
@blueprint.arguments(PasswordSchema)
@blueprint.response(201, SecondFactorSetupSchema)
@blueprint.refuses(EmailUnverified)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(429, "TooManyRequests")
def set_up_second_factor(body: dict[str, Any]) -> dict[str, str]:
    """Start the setup of a second factor: get a secret for an authenticator app (TOTP, RFC 6238).

    Show `uri` as a QR code. The second factor is enabled once you confirm it with a code. Your mail address must be
    verified: otherwise somebody who registers with your address could lock you out.
    """
    with request_transaction() as caller:
        email = queries.the_verified_user(user_id=caller.user_id).email
    verify_password(email, body["password"])
    with request_transaction() as caller:
        secret = second_factor.start_enrolment(user_id=caller.user_id)
    return {"secret": secret, "uri": pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="OrderX")}


@blueprint.post("/confirm")
@blueprint.requires("manage_own_account")
@blueprint.arguments(CodeSchema)
@blueprint.response(200, RecoveryCodesSchema)
@blueprint.refuses(EmailUnverified)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(429, "TooManyRequests")
def confirm_second_factor(body: dict[str, Any]) -> dict[str, list[str]]:
    """Enable the second factor with a code from the app.

    From now on, login requires a code from the app, or one of the recovery codes in this response. They are shown only
    once, and each is valid once. After ten wrong codes within an hour, no code is accepted for a while, here or at
    login.
    """
    with request_transaction() as caller:
        queries.the_verified_user(user_id=caller.user_id)
        codes = second_factor.confirm_enrolment(user_id=caller.user_id, code=body["code"], now=clock.now())
    if codes is None:
        raise InvalidSecondFactorCode
    return {"recovery_codes": codes}


@blueprint.post("/remove")
@blueprint.requires("manage_own_account")
@blueprint.arguments(PasswordAndCodeSchema)
@blueprint.response(204)
@blueprint.alt_response(429, "TooManyRequests")
def disable_second_factor(body: dict[str, Any]) -> None:
    """Disable the second factor, with the password and a code."""
    with request_transaction() as caller:
        email = queries.the_user(user_id=caller.user_id).email
    authenticate(email, body["password"], body["code"])
    with request_transaction() as caller:
        second_factor.disable(user_id=caller.user_id)
