"""The countries there are, by ISO 3166-1."""

import re

from babel import Locale

_NO_COUNTRIES = {
    *("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "TA", "UN"),  # reserved: islands and unions
    *("QO", "XA", "XB", "XK", "ZZ"),  # for private use: CLDR's own, and Kosovo until it has a code
}
COUNTRIES: frozenset[str] = (
    frozenset(code for code in map(str, Locale("en").territories) if re.fullmatch("[A-Z]{2}", code)) - _NO_COUNTRIES
)
"""Alpha-2 codes. CLDR, where they come from, has more (UTS 35, part 1, section 3.6.4)."""
