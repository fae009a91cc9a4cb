"""Money as integer minor units of an ISO 4217 currency; never a float."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

from babel import Locale
from babel.numbers import format_currency, get_territory_currencies, list_currencies

CURRENCIES: frozenset[str] = frozenset(list_currencies("en"))
"""ISO 4217 codes, also of currencies that are history."""
_WITHDRAWN = {"BGN"}
"""What CLDR still takes for tender: the lev, until Bulgaria took the euro on 1 January 2026."""
TENDER: frozenset[str] = (
    frozenset(chain.from_iterable(map(get_territory_currencies, Locale("en").territories))) - _WITHDRAWN
)
"""Codes of what one can pay with somewhere today: what new companies and prices may be in."""
_WITHOUT = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
_WITH_THREE = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_DECIMALS = {**dict.fromkeys(_WITHOUT, 0), **dict.fromkeys(_WITH_THREE, 3)}
"""Of the minor unit, by ISO 4217, where there are not two. (CLDR tells how many are usual in shops: of RSD, none.)"""
LARGEST_AMOUNT = 99_999_999
"""Minor units; the most that a price or an order can be in any currency (Stripe charges eight digits)."""


class CurrencyMismatch(ValueError):
    """Amounts of two currencies do not mix."""


@dataclass(frozen=True, order=False, slots=True)
class Money:
    """An amount in minor units (cents, öre; yen have none) and its ISO 4217 code."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError(f"minor units are whole numbers, not {self.amount!r}")
        if self.currency not in CURRENCIES:
            raise ValueError(f"{self.currency!r} is no ISO 4217 currency code")

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not mix")
        return Money(self.amount + other.amount, self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.amount * times, self.currency)

    def less_percent(self, percent: int) -> "Money":
        """What is left after a discount of `percent` (0 to 100), rounded half up in the buyer's favour."""
        discount = (self.amount * percent + 50) // 100
        return Money(self.amount - discount, self.currency)

    def rounded_down(self, step: int) -> "Money":
        """The largest multiple of `step` minor units in it."""
        return Money(self.amount // step * step, self.currency)

    def __str__(self) -> str:
        decimals = _DECIMALS.get(self.currency, 2)
        pattern = "¤#,##0" + ("." + "0" * decimals if decimals else "")
        units = Decimal(self.amount).scaleb(-decimals)
        return format_currency(units, self.currency, pattern, locale="en", currency_digits=False)
