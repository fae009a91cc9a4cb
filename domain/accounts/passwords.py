"""Password hashes (argon2id), compared in constant time whether or not the user exists."""

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

MIN_LENGTH, MAX_LENGTH = 8, 200
"""Characters."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""The parameters that OWASP's password storage cheat sheet recommends for argon2id: 19 MiB, two passes."""


def normalized(password: str) -> str:
    """Return the password in Unicode normal form NFKC, because keyboards encode characters such as é differently.

    NIST SP 800-63B (section 5.1.1.2) requires it.
    """
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str) -> str:
    """Return the argon2id hash of the normalized password, with salt and parameters."""
    return _hasher.hash(normalized(password))


def matches(password: str, password_hash: str | None) -> bool:
    """Check a password against a hash. Without a hash the result is false, after the same amount of work.

    Older releases hashed the password as it was typed, so that form is tried, too.
    """
    forms = dict.fromkeys((normalized(password), password))
    return any(_verifies(form, password_hash or _dummy_hash()) for form in forms) and bool(password_hash)


def warm_up() -> None:
    """Compute the dummy hash in advance. Otherwise the first comparison with it would take twice as long."""
    _dummy_hash()


def needs_rehash(password: str, password_hash: str) -> bool:
    """Check whether the hash has outdated parameters or is not of the normalized password."""
    if _hasher.check_needs_rehash(password_hash):
        return True
    return normalized(password) != password and not _verifies(normalized(password), password_hash)


def _verifies(form: str, password_hash: str) -> bool:
    try:
        return _hasher.verify(password_hash, form)
    except VerificationError:
        return False


@cache
def _dummy_hash() -> str:
    return hash_password("the password of nobody")
