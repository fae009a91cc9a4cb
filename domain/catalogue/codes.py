"""Canonical forms of the codes of goods. Each function raises ValueError with a message that says how to fix it."""

import re

from stdnum import ean
from stdnum.exceptions import ValidationError

GTIN = "[0-9](?:[ -]?[0-9]){7}(?:(?:[ -]?[0-9]){4,6})?"
"""8, 12, 13 or 14 digits, with or without blanks and hyphens between them."""
HS_CODE = "[0-9](?:[. ]?[0-9]){5,9}"
"""Six digits of the Harmonized System, and up to four of the European Union or a country, with or without points."""


def gtin(text: str) -> str:
    """A GTIN-8, -12, -13 or -14 without blanks and hyphens; its check digit is verified (GS1, section 7.9.1)."""
    try:
        return str(ean.validate(text if re.fullmatch(GTIN, text) else ""))
    except ValidationError:
        raise ValueError(
            "This is not a GTIN: send its 8, 12, 13 or 14 digits. The last one is the check digit."
        ) from None


def hs_code(text: str) -> str:
    """A customs code of the Harmonized System, without points and blanks."""
    if not re.fullmatch(HS_CODE, text):
        raise ValueError("This is not a customs code: send 6 to 10 digits, such as 4820.10.")
    return re.sub("[. ]", "", text)
