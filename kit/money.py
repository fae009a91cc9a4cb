"""Money as integer minor units of an ISO 4217 currency; never a float."""

from collections.abc import Sequence
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


def divide_half_up(numerator: int, denominator: int) -> int:
    """The quotient as the nearest integer; a half is rounded away from zero (2.5 to 3, -2.5 to -3).

    So a credit note has exactly the amounts of its invoice, with the other sign. `denominator` is positive.
    """
    quotient = (2 * abs(numerator) + denominator) // (2 * denominator)
    return quotient if numerator >= 0 else -quotient


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

    def __sub__(self, other: "Money") -> "Money":
        return self + other * -1

    def __mul__(self, times: int) -> "Money":
        return Money(self.amount * times, self.currency)

    def minus_percent(self, percent: int) -> "Money":
        """The amount minus a discount of `percent` (0 to 100). The discount is rounded half up."""
        return Money(self.amount - divide_half_up(self.amount * percent, 100), self.currency)

    def allocate(self, weights: Sequence[int]) -> list["Money"]:
        """The amount divided in proportion to `weights` (0 or more). The parts always sum to the amount.

        Each part is rounded towards zero, and the minor units that are left go one each to the parts with the largest
        remainders; of equal remainders, to the first. A part of weight 0 is 0. A negative amount is divided like the
        positive one, with the other sign.
        Raises ValueError if an amount other than 0 is to be divided and no weight is above 0.
        """
        total = sum(weights)
        if min(weights, default=0) < 0:
            raise ValueError(f"weights are 0 or more, not {list(weights)}")
        if not total:
            if self.amount:
                raise ValueError(f"{self} cannot be allocated: all weights are 0")
            return [self] * len(weights)
        parts, remainders = zip(*(divmod(abs(self.amount) * weight, total) for weight in weights), strict=True)
        by_remainder = sorted(range(len(weights)), key=lambda position: -remainders[position])
        raised = set(by_remainder[: abs(self.amount) - sum(parts)])
        sign = 1 if self.amount >= 0 else -1
        return [Money(sign * (part + (at in raised)), self.currency) for at, part in enumerate(parts)]

    def share_of_units(self, units: range, quantity: int) -> "Money":
        """What units `units` (0-based) of `quantity` equal units have of the amount.

        The first n units together have the n/quantity-th part, rounded half up; later units have the difference. So any
        division of the units into ranges sums to the amount, and a line can be refunded unit by unit.
        """
        if units.step != 1 or not 0 <= units.start <= units.stop <= quantity:
            raise ValueError(f"units {units.start} to {units.stop} are not among {quantity}")
        until, before = (divide_half_up(self.amount * count, quantity) for count in (units.stop, units.start))
        return Money(until - before, self.currency)

    def rounded_down(self, step: int) -> "Money":
        """The amount, which is 0 or more, rounded down to a multiple of `step` minor units."""
        return Money(self.amount // step * step, self.currency)

    def __str__(self) -> str:
        decimals = _DECIMALS.get(self.currency, 2)
        pattern = "¤#,##0" + ("." + "0" * decimals if decimals else "")
        units = Decimal(self.amount).scaleb(-decimals)
        return format_currency(units, self.currency, pattern, locale="en", currency_digits=False)
