"""The network that a request comes from, as it is kept: a keyed hash, for an address is personal data."""

import hashlib
import hmac

from flask import request

from api.rate_limits import neighbourhood
from kit.config import settings


def network_of_request() -> bytes:
    """A keyed hash of the request's address, of IPv6 of its /64."""
    secret = settings().require("secret_key").encode()
    return hmac.digest(secret, b"network:" + neighbourhood(request.remote_addr or "").encode(), hashlib.sha256)
