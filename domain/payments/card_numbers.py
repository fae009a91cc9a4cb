"""Whether text seems to hold a card's number, which is then not kept.

Other numbers have check digits, too, so a find has an issuer's prefix and length as well. Of phone numbers, numbers of
goods (GTIN), UUIDs and account numbers few are taken for a card's.
"""

import re
import unicodedata
from collections.abc import Iterator

from stdnum import ean, luhn

# Cards of 13 and 14 digits are left out: few issuers have any, and GTINs are as long.
_ISSUED = re.compile(
    r"4[0-9]{15}(?:[0-9]{3})?|5[1-5][0-9]{14}|2[2-7][0-9]{14}|3[47][0-9]{13}|35[0-9]{14}|6[0-9]{15,18}"
)
_SHORTEST, _LONGEST = 15, 19
_RUN = re.compile(r"[0-9]+")
_SET_APART = re.compile(r"[^0-9+]{1,5}")
"""What may stand between the digits of one number. A plus begins a phone number."""
_WITHOUT_LETTERS = re.compile(r"[^\w+]{1,3}|[_\s]{1,3}")
_GROUPS = frozenset({(4, 4, 4, 4), (4, 6, 5), (4, 4, 4, 4, 3), (8, 8), (2,) * 8, *((1,) * n for n in (15, 16, 19))})
"""How people group a card's digits. With letters between them only these count: hexadecimal text has other groups."""
_GTIN_LENGTHS = frozenset({12, 13, 14})


def is_in(text: str) -> bool:
    """Whether the text seems to hold a card's number, in whatever digits and however they are set apart."""
    return any(_ISSUED.fullmatch(number) and luhn.is_valid(number) for number in _numbers(_in_ascii_digits(text)))


def _in_ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    normal = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(each)) if each.isdecimal() else each for each in normal)


def _numbers(text: str) -> Iterator[str]:
    """Every number that whole runs of digits make together, of a card's length."""
    runs = list(_RUN.finditer(text))
    for first in range(len(runs)):
        groups: list[int] = []
        number, has_letters, end = "", False, 0
        for run in runs[first:]:
            if groups:
                between = text[end : run.start()]
                if not _SET_APART.fullmatch(between):
                    break
                has_letters = has_letters or not _WITHOUT_LETTERS.fullmatch(between)
            end = run.end()
            number += run[0]
            groups.append(len(run[0]))
            if len(number) > _LONGEST or (len(groups) > 1 and (_is_gtin(run[0]) or _is_gtin(runs[first][0]))):
                break
            if len(number) >= _SHORTEST and (not has_letters or tuple(groups) in _GROUPS):
                yield number


def _is_gtin(digits: str) -> bool:
    return len(digits) in _GTIN_LENGTHS and bool(ean.is_valid(digits))
