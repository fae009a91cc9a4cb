"""Passwords: hashed with argon2id, and compared in the same time whether or not there is such a user."""

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

SHORTEST, LONGEST = 8, 200
"""Characters."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""What OWASP's password storage cheat sheet asks of argon2id: 19 MiB, two passes."""


def normalized(password: str) -> str:
    """The password in the form that is hashed: keyboards differ in how they write é, or the digits of Japanese.

    NFKC, as NIST SP 800-63B (section 5.1.1.2) asks.
    """
    return unicodedata.normalize("NFKC", password)


def hashed(password: str) -> str:
    """The argon2id hash of the normalized password, with its salt and parameters."""
    return _hasher.hash(normalized(password))


def fits(password: str, password_hash: str | None) -> bool:
    """Whether the password is the one that was hashed; where there is no hash, false after the same work.

    Hashes of older releases are of the password as it was typed.
    """
    forms = dict.fromkeys((normalized(password), password))
    return any(_verifies(form, password_hash or _nobodys()) for form in forms) and bool(password_hash)


def prepare() -> None:
    """Make the hash that is compared for nobody, or the first such comparison of a process would take twice as long."""
    _nobodys()


def is_outdated(password: str, password_hash: str) -> bool:
    """Whether this hash of the password was made with less effort than is asked for today, or of another form of it."""
    if _hasher.check_needs_rehash(password_hash):
        return True
    return normalized(password) != password and not _verifies(normalized(password), password_hash)


def _verifies(form: str, password_hash: str) -> bool:
    try:
        return _hasher.verify(password_hash, form)
    except VerificationError:
        return False


@cache
def _nobodys() -> str:
    return hashed("the password of nobody")
