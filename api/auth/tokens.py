"""Authentication: by access tokens (JWTs, RFC 9068, valid for 15 minutes) or by API keys."""

import re
from datetime import timedelta
from functools import lru_cache
from typing import Any

import jwt
from flask import request

from api.auth import signing_keys
from api.auth.caller import Caller
from api.auth.signing_keys import ALGORITHM, SigningKey
from domain.access import api_keys
from domain.accounts.sessions import SessionGrant
from kit import clock, db
from kit.config import settings
from kit.errors import Unauthenticated
from kit.ids import new_id
from kit.tenancy import Tenant

ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
AUDIENCE = "orderx"
TYPE = "at+jwt"
"""The `typ` header, which tells access tokens from other JWTs signed with these keys (RFC 9068, section 2.1)."""
CLOCK_SKEW = timedelta(seconds=5)
"""Tolerated difference between the clocks of two containers."""
_REQUIRED_CLAIMS = ["iss", "aud", "exp", "iat", "jti", "sub", "sid"]


class TokenInvalid(Unauthenticated):
    """The access token is invalid: log in again."""

    code = "token_invalid"


class TokenExpired(Unauthenticated):
    """The access token has expired: refresh it."""

    code = "token_expired"


def access_token(caller: Caller) -> str:
    """Sign an access token for the caller, valid for 15 minutes."""
    now, key = clock.now(), signing_keys.load()[0]
    claims = {
        "iss": settings().require("public_url"), "aud": AUDIENCE, "iat": now, "exp": now + ACCESS_TOKEN_LIFETIME,
        "jti": str(new_id()), **caller.claims(),
    }  # fmt: skip
    return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.kid, "typ": TYPE})


def token_response(caller: Caller, grant: SessionGrant) -> dict[str, Any]:
    """The response to a login or refresh: both tokens, and the role that the access token gives."""
    return {
        "access_token": access_token(caller),
        "refresh_token": grant.refresh_token,
        "token_type": "Bearer",
        "expires_in": int(ACCESS_TOKEN_LIFETIME.total_seconds()),
        "company_id": caller.company_id,
        "role": caller.role,
        "shop_id": caller.shop_id,
    }


def authenticate_request() -> Caller:
    """The caller named by the access token or API key of the request; raises Unauthenticated or a subclass of it."""
    header = request.headers.get("Authorization")
    if header is None:
        raise Unauthenticated
    bearer = re.fullmatch(r"Bearer +(\S+)", header, re.IGNORECASE)
    if bearer is None:
        raise TokenInvalid
    if bearer[1].startswith(api_keys.KEY_PREFIX):
        return _caller_with_api_key(bearer[1])
    caller, expires_at = _verify(bearer[1], signing_keys.load())
    if expires_at <= (clock.now() - CLOCK_SKEW).timestamp():
        raise TokenExpired
    return caller


def _caller_with_api_key(secret: str) -> Caller:
    with db.transaction(Tenant()):
        return Caller.from_api_key(api_keys.authenticate(secret=secret, now=clock.now()))


@lru_cache(maxsize=4096)  # a valid token stays valid until it expires; revocation is checked in the transaction
def _verify(token: str, keys: tuple[SigningKey, ...]) -> tuple[Caller, int]:
    """The caller and the expiry (epoch seconds) of a token, if one of our keys signed it.

    Raises TokenInvalid, TokenExpired.
    """
    try:
        header = jwt.get_unverified_header(token)
        key = next((key for key in keys if key.kid == header.get("kid")), None)
        if key is None or header.get("typ") != TYPE:
            raise TokenInvalid
        claims: dict[str, Any] = jwt.decode(
            token, key.public, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=settings().require("public_url"),
            leeway=CLOCK_SKEW, options={"require": _REQUIRED_CLAIMS},
        )  # fmt: skip
    except jwt.ExpiredSignatureError:
        raise TokenExpired from None
    except jwt.PyJWTError:
        raise TokenInvalid from None
    return Caller.from_claims(claims), int(claims["exp"])
