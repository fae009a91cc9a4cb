"""Canonical forms of the codes of goods. Each function raises ValueError with a message that says how to fix it."""

import re

from stdnum import ean
from stdnum.exceptions import ValidationError

HS_CODE = "[0-9]{6,10}"
"""Six digits of the Harmonized System, and up to four of the European Union or a country."""


def gtin(text: str) -> str:
    """A GTIN-8, -12, -13 or -14 without blanks and hyphens; its check digit is verified (GS1, section 7.9.1)."""
    try:
        return str(ean.validate(text))
    except ValidationError:
        raise ValueError(
            "This is not a GTIN: send its 8, 12, 13 or 14 digits. The last one is the check digit."
        ) from None


def hs_code(text: str) -> str:
    """A customs code of the Harmonized System, without points and blanks."""
    digits = re.sub("[. ]", "", text)
    if not re.fullmatch(HS_CODE, digits):
        raise ValueError("This is not a customs code: send 6 to 10 digits, such as 4820.10.")
    return digits
