"""Detecting card numbers in text, which must not be stored.

Other numbers have check digits, too, so a match also needs an issuer's prefix and length. Few phone numbers, article
numbers (GTIN), UUIDs and account numbers are mistaken for card numbers.
"""

import re
import unicodedata
from collections.abc import Iterator

from stdnum import ean, luhn

# Card numbers of 13 and 14 digits are left out: few issuers have them, and GTINs have the same length.
_CARD_NUMBER_PATTERN = re.compile(
    r"4[0-9]{15}(?:[0-9]{3})?|5[1-5][0-9]{14}|2[2-7][0-9]{14}|3[47][0-9]{13}|35[0-9]{14}|6[0-9]{15,18}"
)
_SHORTEST, _LONGEST = 15, 19
_DIGITS_PATTERN = re.compile(r"[0-9]+")
_SEPARATOR_PATTERN = re.compile(r"[^0-9+]{1,5}")
"""Separators between the digits of one number. A plus starts a phone number."""
_LETTERLESS_SEPARATOR_PATTERN = re.compile(r"[^\w+]{1,3}|[_\s]{1,3}")
_GROUPS = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 4, 4, 4, 3), (8, 8), (2,) * 8, *((1,) * n for n in (15, 16, 19))})
"""The usual groups of a card number. With letters in between only these match: hexadecimal text has other groups."""
_GTIN_LENGTHS = frozenset({12, 13, 14})


def appears_in(text: str) -> bool:
    """Check whether the text seems to contain a card number, in any script's digits and with any separators."""
    numbers = _numbers(_in_ascii_digits(text))
    return any(_CARD_NUMBER_PATTERN.fullmatch(number) and luhn.is_valid(number) for number in numbers)


def _in_ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    normal = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in normal)


def _numbers(text: str) -> Iterator[str]:
    """Return all numbers of a card's length that consecutive runs of digits form."""
    runs = list(_DIGITS_PATTERN.finditer(text))
    for first in range(len(runs)):
        groups: list[int] = []
        number, has_letters, end = "", False, 0
        for run in runs[first:]:
            if groups:
                between = text[end : run.start()]
                if not _SEPARATOR_PATTERN.fullmatch(between):
                    break
                has_letters = has_letters or not _LETTERLESS_SEPARATOR_PATTERN.fullmatch(between)
            end = run.end()
            number += run[0]
            groups.append(len(run[0]))
            if len(number) > _LONGEST or (len(groups) > 1 and (_is_gtin(run[0]) or _is_gtin(runs[first][0]))):
                break
            if len(number) >= _SHORTEST and (not has_letters or tuple(groups) in _GROUPS):
                yield number


def _is_gtin(digits: str) -> bool:
    return len(digits) in _GTIN_LENGTHS and bool(ean.is_valid(digits))
