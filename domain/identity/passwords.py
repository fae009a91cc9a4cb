"""Passwords: not to be guessed, hashed with argon2id, checked in the same time whether or not there is such a user."""

import re
from collections.abc import Iterable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from zxcvbn import zxcvbn

from kit.errors import Invalid

SHORTEST, LONGEST = 8, 200
"""Characters."""

HARD_ENOUGH = 2
"""zxcvbn's score: more than a million guesses, breached and common passwords and variations of them tried first."""
_LOOKED_AT = 40
"""Characters of which the strength is measured, for that takes the longer the more there are."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
"""What OWASP's password storage cheat sheet asks of argon2id: 19 MiB, two passes."""


def refuse_guessable(password: str, *, about: Iterable[str] = ()) -> None:
    """Raise Invalid for a password that is known from breaches, or easily guessed by who knows this about the user."""
    known = [word for text in about for word in (text, *re.findall(r"\w{3,}", text))]
    judged = zxcvbn(password[:_LOOKED_AT], user_inputs=known)
    if judged["score"] < HARD_ENOUGH:
        why = judged["feedback"]["warning"] or "It is easy to guess."
        raise Invalid(fields={"password": [f"{why} Take a longer one that nobody else uses."]})


def hashed(password: str) -> str:
    """The password's argon2id hash, with its salt and parameters."""
    return _hasher.hash(password)


def fits(password: str, password_hash: str | None) -> bool:
    """Whether the password is the one that was hashed; where there is no hash, false after the same work."""
    try:
        _hasher.verify(password_hash or _nobodys(), password)
    except VerificationError:
        return False
    return bool(password_hash)


def is_outdated(password_hash: str) -> bool:
    """Whether it was hashed with less effort than is asked for today."""
    return _hasher.check_needs_rehash(password_hash)


@cache
def _nobodys() -> str:
    return hashed("the password of nobody")
