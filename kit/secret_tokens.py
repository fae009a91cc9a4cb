"""Random secret tokens, of which only the hash is stored."""

import base64
import hashlib
import hmac
import secrets


def new_token() -> str:
    """A new token: 256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def successor_of(token: str, salt: bytes) -> str:
    """The token that replaces this one: the same whenever it is derived from the same token and salt.

    HMAC-SHA-256 (RFC 2104) with the token as the key. Since only its hash is stored, the successor cannot be derived
    from the database alone.
    """
    derived = hmac.digest(token.encode(), salt, "sha256")
    return base64.urlsafe_b64encode(derived).rstrip(b"=").decode()


def hash_of(token: str) -> bytes:
    """The hash to store. Plain SHA-256 is enough: 256 random bits cannot be guessed, however fast the hash."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
