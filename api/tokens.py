"""Access tokens: JWTs (RFC 9068) that say who acts, and for which company, for 15 minutes; or else a machine's key."""

import re
from datetime import timedelta
from functools import lru_cache
from typing import Any

import jwt
from flask import request

from api.caller import Caller
from api.keys import ALGORITHM, SigningKey, signing_keys
from domain.identity import api_keys
from domain.identity.sessions import SessionGrant
from kit import clock, db
from kit.config import settings
from kit.errors import Unauthenticated
from kit.ids import new_id
from kit.tenancy import Tenant

ACCESS_LASTS = timedelta(minutes=15)
AUDIENCE = "orderx"
TYPE = "at+jwt"
"""Keeps any other JWT that these keys may once sign from being taken for an access token (RFC 9068, section 2.1)."""
CLOCKS_DIFFER = timedelta(seconds=5)
"""How far the clocks of two containers may be apart."""
_REQUIRED = ["iss", "aud", "exp", "iat", "jti", "sub", "sid"]


class TokenInvalid(Unauthenticated):
    """The access token is not valid: log in again."""

    code = "token_invalid"


class TokenExpired(Unauthenticated):
    """The access token has expired: refresh it."""

    code = "token_expired"


def access_token(caller: Caller) -> str:
    """A token that lets its bearer act as the caller, for 15 minutes."""
    now, key = clock.now(), signing_keys()[0]
    claims = {
        "iss": settings().require("public_url"), "aud": AUDIENCE, "iat": now, "exp": now + ACCESS_LASTS,
        "jti": str(new_id()), **caller.claims(),
    }  # fmt: skip
    return jwt.encode(claims, key.private, algorithm=ALGORITHM, headers={"kid": key.kid, "typ": TYPE})


def pair(caller: Caller, grant: SessionGrant) -> dict[str, Any]:
    """What logging in answers: both tokens, and what the access token is good for."""
    return {
        "access_token": access_token(caller),
        "refresh_token": grant.refresh_token,
        "token_type": "Bearer",
        "expires_in": int(ACCESS_LASTS.total_seconds()),
        "company_id": caller.company_id,
        "role": caller.role,
        "shop_id": caller.shop_id,
    }


def caller_of_request() -> Caller:
    """Whom the request's access token names, or its API key; raises Unauthenticated or a kind of it."""
    header = request.headers.get("Authorization")
    if header is None:
        raise Unauthenticated
    bearer = re.fullmatch(r"Bearer +(\S+)", header, re.IGNORECASE)
    if bearer is None:
        raise TokenInvalid
    if bearer[1].startswith(api_keys.KEY_PREFIX):
        return _machine(bearer[1])
    caller, expires_at = _signed(bearer[1], signing_keys())
    if expires_at <= (clock.now() - CLOCKS_DIFFER).timestamp():
        raise TokenExpired
    return caller


def _machine(secret: str) -> Caller:
    with db.transaction(Tenant()):
        return Caller.of_key(api_keys.authenticate(secret=secret, now=clock.now()))


@lru_cache(maxsize=4096)  # what a good token says stays true until it expires, and nothing revokes one before
def _signed(token: str, keys: tuple[SigningKey, ...]) -> tuple[Caller, int]:
    """Whom the token names, and when it expires (epoch seconds), if one of our keys has signed it."""
    try:
        header = jwt.get_unverified_header(token)
        key = next((key for key in keys if key.kid == header.get("kid")), None)
        if key is None or header.get("typ") != TYPE:
            raise TokenInvalid
        claims: dict[str, Any] = jwt.decode(
            token, key.public, algorithms=[ALGORITHM], audience=AUDIENCE, issuer=settings().require("public_url"),
            leeway=CLOCKS_DIFFER, options={"require": _REQUIRED},
        )  # fmt: skip
    except jwt.ExpiredSignatureError:
        raise TokenExpired from None
    except jwt.PyJWTError:
        raise TokenInvalid from None
    return Caller.from_claims(claims), int(claims["exp"])
