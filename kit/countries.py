"""Country codes by ISO 3166-1."""

import re

from babel import Locale

_NO_COUNTRIES = {
    *("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "TA", "UN"),  # exceptionally reserved: islands and unions
    *("QO", "XA", "XB", "XK", "ZZ"),  # user-assigned: CLDR's own, and Kosovo until it has an official code
}
COUNTRIES: frozenset[str] = (
    frozenset(code for code in map(str, Locale("en").territories) if re.fullmatch("[A-Z]{2}", code)) - _NO_COUNTRIES
)
"""Alpha-2 codes from CLDR, without CLDR's additional codes (UTS 35, part 1, section 3.6.4)."""
