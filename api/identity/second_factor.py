"""Switching a second factor on and off."""

from typing import Any

import pyotp

from api.blueprint import Blueprint
from api.identity.credentials import admitted, proven
from api.identity.second_factor_schemas import (
    CodeSchema,
    ConfirmedSchema,
    OfferedSchema,
    PasswordAndCodeSchema,
    PasswordSchema,
    SecondFactorSchema,
)
from api.tenant import acting
from domain.identity import queries, second_factor
from domain.identity.errors import EmailUnverified, InvalidSecondFactorCode
from kit import clock

blueprint = Blueprint("second_factor", __name__, url_prefix="/api/me/second-factor", description="A second factor")


@blueprint.get("")
@blueprint.response(200, SecondFactorSchema)
def get_second_factor() -> dict[str, Any]:
    """Say whether logging in takes a code, too, and how many recovery codes are left."""
    with acting() as caller:
        left = second_factor.recovery_codes_left(user_id=caller.user_id)
    return {"is_on": left is not None, "recovery_codes_left": left or 0}


@blueprint.post("")
@blueprint.arguments(PasswordSchema)
@blueprint.response(201, OfferedSchema)
@blueprint.refuses(EmailUnverified)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(429, "TooManyRequests")
def offer_second_factor(body: dict[str, Any]) -> dict[str, str]:
    """Get a secret for an authenticator app (TOTP, RFC 6238); show `uri` as a QR code. It counts once confirmed.

    Your mail address must be verified: else whoever registers with another's address could lock its owner out.
    """
    with acting() as caller:
        email = queries.the_verified_user(user_id=caller.user_id).email
    proven(email, body["password"])
    with acting() as caller:
        secret = second_factor.start_enrolment(user_id=caller.user_id)
    return {"secret": secret, "uri": pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="OrderX")}


@blueprint.post("/confirm")
@blueprint.arguments(CodeSchema)
@blueprint.response(200, ConfirmedSchema)
@blueprint.refuses(EmailUnverified)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(429, "TooManyRequests")
def confirm_second_factor(body: dict[str, Any]) -> dict[str, list[str]]:
    """Switch it on with a code that the app shows.

    From now on logging in takes a code. The recovery codes answered here do, too, each once; they are shown only now.
    After ten wrong codes within an hour none is taken for a while, here or at a login.
    """
    with acting() as caller:
        queries.the_verified_user(user_id=caller.user_id)
        codes = second_factor.confirm_enrolment(user_id=caller.user_id, code=body["code"], now=clock.now())
    if codes is None:
        raise InvalidSecondFactorCode
    return {"recovery_codes": codes}


@blueprint.post("/remove")
@blueprint.arguments(PasswordAndCodeSchema)
@blueprint.response(204)
@blueprint.alt_response(429, "TooManyRequests")
def remove_second_factor(body: dict[str, Any]) -> None:
    """Switch it off again, with the password and a code."""
    with acting() as caller:
        email = queries.the_user(user_id=caller.user_id).email
    admitted(email, body["password"], body["code"])
    with acting() as caller:
        second_factor.disable(user_id=caller.user_id)
