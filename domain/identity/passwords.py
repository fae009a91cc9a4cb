"""Passwords: hashed with argon2id, checked in the same time whether or not there is such a user."""

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""What OWASP's password storage cheat sheet asks of argon2id: 19 MiB, two passes."""


def hashed(password: str) -> str:
    """The password's argon2id hash, with its salt and parameters."""
    return _hasher.hash(password)


def fits(password: str, password_hash: str | None) -> bool:
    """Whether the password is the one that was hashed; where there is no hash, false after the same work."""
    try:
        _hasher.verify(password_hash or _nobodys(), password)
    except VerificationError:
        return False
    return password_hash is not None


@cache
def _nobodys() -> str:
    return hashed("the password of nobody")
