"""Money as integer minor units of an ISO 4217 currency; never a float."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

from babel import Locale
from babel.numbers import format_currency, get_territory_currencies, list_currencies

CURRENCIES: frozenset[str] = frozenset(list_currencies("en"))
"""ISO 4217 codes, including those of withdrawn currencies."""
_WITHDRAWN = {"BGN"}
"""Withdrawn, but still legal tender in CLDR: Bulgaria adopted the euro on 1 January 2026."""
ACTIVE_CURRENCIES: frozenset[str] = (
    frozenset(chain.from_iterable(map(get_territory_currencies, Locale("en").territories))) - _WITHDRAWN
)
"""Codes of currencies that are legal tender today. New companies and prices must use one of them."""
_ZERO_DECIMAL = (
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF",
)  # fmt: skip
_THREE_DECIMAL = ("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND")
_DECIMALS = {**dict.fromkeys(_ZERO_DECIMAL, 0), **dict.fromkeys(_THREE_DECIMAL, 3)}
"""Decimals of the minor unit by ISO 4217, where not two. (CLDR has those usual in cash payments: none for RSD.)"""
LARGEST_AMOUNT = 99_999_999
"""Largest price or order total, in minor units of any currency (Stripe accepts eight digits)."""


class CurrencyMismatch(ValueError):
    """Amounts in different currencies cannot be added."""


@dataclass(frozen=True, order=False, slots=True)
class Money:
    """An amount in minor units (cents for EUR, whole yen for JPY) and its ISO 4217 code."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError(f"an amount is an integer of minor units, not {self.amount!r}")
        if self.currency not in CURRENCIES:
            raise ValueError(f"{self.currency!r} is not an ISO 4217 currency code")

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise CurrencyMismatch(f"cannot add {self.currency} and {other.currency}")
        return Money(self.amount + other.amount, self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.amount * times, self.currency)

    def minus_percent(self, percent: int) -> "Money":
        """The amount minus a discount of `percent` (0 to 100). The discount is rounded half up."""
        discount = (self.amount * percent + 50) // 100
        return Money(self.amount - discount, self.currency)

    def rounded_down(self, step: int) -> "Money":
        """The amount rounded down to a multiple of `step` minor units."""
        return Money(self.amount // step * step, self.currency)

    def __str__(self) -> str:
        decimals = _DECIMALS.get(self.currency, 2)
        pattern = "¤#,##0" + ("." + "0" * decimals if decimals else "")
        units = Decimal(self.amount).scaleb(-decimals)
        return format_currency(units, self.currency, pattern, locale="en", currency_digits=False)
