"""How easily a password can be guessed, estimated by zxcvbn within a few milliseconds for any password."""

import math
import re
from collections.abc import Iterable
from decimal import Decimal

from zxcvbn.feedback import get_feedback
from zxcvbn.matching import L33T_TABLE, RANKED_DICTIONARIES, build_ranked_dict, omnimatch
from zxcvbn.scoring import most_guessable_match_sequence
from zxcvbn.time_estimates import guesses_to_score

from domain.accounts.passwords import MIN_LENGTH, normalized
from kit.errors import Invalid

MIN_SCORE = 2
"""The zxcvbn score for more than a million guesses, of which breached and common passwords are the first."""

MAX_SCORED_LENGTH = 32
"""Characters. The work of zxcvbn grows with their square."""
MAX_SUBSTITUTIONS = 8
"""Combinations of letters that `4`, `@`, `(` … can stand for. zxcvbn searches its dictionaries for each of them, and a
crafted password has 576."""


def require_strong(password: str, *, about: Iterable[str] = ()) -> None:
    """Raise Invalid for a password that is known from breaches or easily guessed; `about` are facts about the user."""
    password = normalized(password)
    if len(password) < MIN_LENGTH:
        raise Invalid(fields={"password": [f"Shorter than minimum length {MIN_LENGTH}."]})
    known = [word.lower() for text in about for word in (text, *re.findall(r"\w{3,}", text))]
    # zxcvbn.zxcvbn() would store these words in a global, where concurrent requests would read each other's.
    dictionaries = {**RANKED_DICTIONARIES, "user_inputs": build_ranked_dict(known)}
    scored = scored_part(password)
    result = most_guessable_match_sequence(scored, omnimatch(scored, dictionaries))
    score = guesses_to_score(Decimal(result["guesses"]))
    if score < MIN_SCORE:
        why = get_feedback(score, result["sequence"])["warning"] or "It is easy to guess."
        raise Invalid(fields={"password": [f"{why} Choose a longer one that nobody else uses."]})


def scored_part(password: str) -> str:
    """Return the beginning of the password, which is scored. The whole password is no easier to guess."""
    part = password[:MAX_SCORED_LENGTH]
    while _count_substitutions(part) > MAX_SUBSTITUTIONS:
        part = part[:-1]
    return part


def _count_substitutions(text: str) -> int:
    characters = set(text)
    counts = (len(characters.intersection(substitutes)) for substitutes in L33T_TABLE.values())
    return math.prod(max(1, count) for count in counts)
