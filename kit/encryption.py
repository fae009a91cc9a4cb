"""Encryption of stored secrets that must be read again, under keys derived from ORDERX_SECRET_KEY."""

import base64

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kit.config import settings


def encrypt(plaintext: str, *, purpose: str) -> bytes:
    """Encrypt and authenticate the text (Fernet). It can be decrypted with the same purpose only."""
    return _fernet(purpose).encrypt(plaintext.encode())


def decrypt(ciphertext: bytes, *, purpose: str) -> str:
    """Decrypt what `encrypt` returned; raises cryptography's InvalidToken when the key or the purpose differs."""
    return _fernet(purpose).decrypt(ciphertext).decode()


def _fernet(purpose: str) -> Fernet:
    secret = settings().require("secret_key").encode()
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"orderx {purpose}".encode()).derive(secret)
    return Fernet(base64.urlsafe_b64encode(key))
