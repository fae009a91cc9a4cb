"""Opaque tokens: random text that is handed out once, and of which only the hash is kept."""

import hashlib
import secrets


def new_token() -> str:
    """A fresh token: 256 random bits as 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> bytes:
    """What is kept of it. SHA-256 is enough: what is as random as this cannot be guessed, however fast one tries."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
