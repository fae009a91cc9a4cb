"""Access tokens (15 minutes) and refresh tokens (30 days, one use): JWTs that say who acts, and for which company."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
from flask import Flask
from flask_jwt_extended import (
    JWTManager,
    create_access_token,
    create_refresh_token,
    decode_token,
    get_jwt,
    verify_jwt_in_request,
)
from flask_jwt_extended.exceptions import JWTExtendedException, NoAuthorizationError

from api.caller import Caller
from domain.identity import logins
from domain.identity.errors import LoginOver
from domain.identity.models import RefreshToken
from kit.config import settings
from kit.errors import Unauthenticated

ACCESS_LASTS = timedelta(minutes=15)


class TokenInvalid(Unauthenticated):
    """The access token is not valid: log in again."""

    code = "token_invalid"


class TokenExpired(Unauthenticated):
    """The access token has expired: refresh it."""

    code = "token_expired"


def configure(app: Flask) -> None:
    """Sign and read tokens with the secret of the settings."""
    app.config.update(
        JWT_SECRET_KEY=settings().need("secret_key"),
        JWT_ACCESS_TOKEN_EXPIRES=ACCESS_LASTS,
        JWT_REFRESH_TOKEN_EXPIRES=logins.LASTS,
        JWT_ENCODE_ISSUER="orderx",
        JWT_DECODE_ISSUER="orderx",
        JWT_COOKIE_CSRF_PROTECT=False,  # tokens come in a header, which no other site can make a browser send
    )
    JWTManager(app)


def access_token(caller: Caller) -> str:
    """A token that lets its bearer act as the caller, for 15 minutes."""
    return create_access_token(str(caller.user_id), additional_claims=caller.claims())


def pair(caller: Caller, login: RefreshToken) -> dict[str, Any]:
    """What logging in answers: both tokens, and what the access token is good for."""
    claims = {**caller.claims(), "jti": str(login.id), "family": str(login.family_id)}
    return {
        "access_token": access_token(caller),
        "refresh_token": create_refresh_token(str(caller.user_id), additional_claims=claims),
        "token_type": "Bearer",
        "expires_in": int(ACCESS_LASTS.total_seconds()),
        "company_id": caller.company_id,
        "role": caller.role,
        "shop_id": caller.shop_id,
    }


def caller_of_request() -> Caller:
    """Whom the request's bearer token names; raises Unauthenticated, TokenExpired or TokenInvalid."""
    try:
        verify_jwt_in_request()
    except NoAuthorizationError:
        raise Unauthenticated from None
    except jwt.ExpiredSignatureError:
        raise TokenExpired from None
    except (JWTExtendedException, jwt.PyJWTError):
        raise TokenInvalid from None
    return Caller.from_claims(get_jwt())


def read_refresh_token(encoded: str) -> tuple[Caller, UUID, UUID]:
    """The caller, token id and login (family) id of a refresh token; raises LoginOver when it is no good."""
    try:
        claims = decode_token(encoded)
    except (JWTExtendedException, jwt.PyJWTError):
        raise LoginOver from None
    if claims["type"] != "refresh":
        raise LoginOver("This is not a refresh token.")
    return Caller.from_claims(claims), UUID(claims["jti"]), UUID(claims["family"])
