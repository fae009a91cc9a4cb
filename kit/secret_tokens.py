"""Opaque tokens: random text that is handed out once, and of which only the hash is kept."""

import base64
import hashlib
import hmac
import secrets


def new_token() -> str:
    """A fresh token: 256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def successor_of(token: str, salt: bytes) -> str:
    """The token that follows this one: the same again for whoever has both the token and the salt, and for nobody else.

    HMAC-SHA-256 (RFC 2104) under the token itself, of which only the hash is kept: the database alone does not tell it.
    """
    derived = hmac.digest(token.encode(), salt, "sha256")
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()


def hash_of(token: str) -> bytes:
    """What is kept of it. SHA-256 is enough: what is as random as this cannot be guessed, however fast one tries."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
