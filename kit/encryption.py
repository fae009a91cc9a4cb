"""Sealing what must be kept and read again, but not by who reads the database: under a key of ORDERX_SECRET_KEY."""

import base64

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kit.config import settings


def seal(plain: str, *, purpose: str) -> bytes:
    """The text, encrypted and authenticated; only what was sealed for the same purpose can be opened again."""
    return _key(purpose).encrypt(plain.encode())


def unseal(sealed: bytes, *, purpose: str) -> str:
    """The text; raises cryptography's InvalidToken when the key is another one."""
    return _key(purpose).decrypt(sealed).decode()


def _key(purpose: str) -> Fernet:
    secret = settings().need("secret_key").encode()
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"orderx {purpose}".encode()).derive(secret)
    return Fernet(base64.urlsafe_b64encode(key))
