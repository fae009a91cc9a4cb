"""Whether a password can be guessed, judged by zxcvbn within a few milliseconds, whatever the password is."""

import math
import re
from collections.abc import Iterable
from decimal import Decimal

from zxcvbn.feedback import get_feedback
from zxcvbn.matching import L33T_TABLE, RANKED_DICTIONARIES, build_ranked_dict, omnimatch
from zxcvbn.scoring import most_guessable_match_sequence
from zxcvbn.time_estimates import guesses_to_score

from domain.identity.passwords import SHORTEST, normalized
from kit.errors import Invalid

HARD_ENOUGH = 2
"""zxcvbn's score: more than a million guesses, breached and common passwords and variations of them tried first."""

MOST_JUDGED = 32
"""Characters; what zxcvbn does grows with their square."""
MOST_READINGS = 8
"""Ways to read `4`, `@`, `(` … as letters. zxcvbn looks through its dictionaries for each: crafted, there are 576."""


def refuse_guessable(password: str, *, about: Iterable[str] = ()) -> None:
    """Raise Invalid for a password that is known from breaches, or easily guessed by who knows this about the user."""
    password = normalized(password)
    if len(password) < SHORTEST:
        raise Invalid(fields={"password": [f"Shorter than minimum length {SHORTEST}."]})
    known = [word.lower() for text in about for word in (text, *re.findall(r"\w{3,}", text))]
    # zxcvbn.zxcvbn() would keep these words in the process, where requests at once read each other's.
    dictionaries = {**RANKED_DICTIONARIES, "user_inputs": build_ranked_dict(known)}
    judged = judged_part(password)
    found = most_guessable_match_sequence(judged, omnimatch(judged, dictionaries))
    score = guesses_to_score(Decimal(found["guesses"]))
    if score < HARD_ENOUGH:
        why = get_feedback(score, found["sequence"])["warning"] or "It is easy to guess."
        raise Invalid(fields={"password": [f"{why} Take a longer one that nobody else uses."]})


def judged_part(password: str) -> str:
    """The beginning of a password that is judged. With the rest it is no easier to guess."""
    part = password[:MOST_JUDGED]
    while _readings(part) > MOST_READINGS:
        part = part[:-1]
    return part


def _readings(text: str) -> int:
    characters = set(text)
    found = (len(characters.intersection(substitutes)) for substitutes in L33T_TABLE.values())
    return math.prod(max(1, number) for number in found)
