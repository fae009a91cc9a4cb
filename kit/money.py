"""Money as integer minor units of an ISO 4217 currency; never a float."""

from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision, list_currencies

CURRENCIES: frozenset[str] = frozenset(list_currencies("en"))
LARGEST_AMOUNT = 99_999_999
"""Minor units; the most the payment provider accepts in one charge (Stripe: eight digits)."""


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

    def __str__(self) -> str:
        units = Decimal(self.amount).scaleb(-get_currency_precision(self.currency))
        return format_currency(units, self.currency, locale="en")
