"""The network of a client, stored only as a keyed hash, because IP addresses are personal data."""

import hashlib
import hmac

from flask import request

from api.auth.rate_limits import network_of
from kit.config import settings


def client_network_hash() -> bytes:
    """A keyed hash of the client's IPv4 address or IPv6 /64 network."""
    secret = settings().require("secret_key").encode()
    return hmac.digest(secret, b"network:" + network_of(request.remote_addr or "").encode(), hashlib.sha256)
