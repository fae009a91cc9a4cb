"""Taxes of an order, by rate and category (EN 16931, BR-CO-17), and the share of each amount in them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from kit.money import CurrencyMismatch, Money, divide_half_up

_ALL = 100
"""Percent."""


@dataclass(frozen=True)
class TaxRate:
    """A rate in percent (0 to 100, at most four decimals) and its category.

    The category is a code of UNTDID 5305, which electronic invoices use: `S` standard or reduced, `Z` zero rated,
    `E` exempt, `AE` reverse charge, `G` export, `O` outside the scope of tax.
    """

    percent: Decimal
    category: str = "S"

    def __post_init__(self) -> None:
        if not 0 <= self.percent <= _ALL or self.percent != round(self.percent, 4):
            raise ValueError(f"a tax rate is 0 to 100 percent with at most four decimals, not {self.percent}")

    def added_to(self, net: Money) -> Money:
        """The tax on a net amount, rounded half up."""
        percent, scale = self.percent.as_integer_ratio()
        return Money(divide_half_up(net.amount * percent, _ALL * scale), net.currency)

    def included_in(self, gross: Money) -> Money:
        """The tax in a gross amount: the amount less its net amount, which is rounded half up."""
        percent, scale = self.percent.as_integer_ratio()
        net = divide_half_up(gross.amount * _ALL * scale, _ALL * scale + percent)
        return gross - Money(net, gross.currency)


@dataclass(frozen=True)
class TaxSum:
    """The tax of all amounts of one rate; `net` is without tax."""

    rate: TaxRate
    net: Money
    tax: Money


@dataclass(frozen=True)
class Taxes:
    """`sums` by rate, in the order in which the rates occur; `shares` by amount, in the order of the amounts.

    The shares of the amounts of a rate sum to the tax of the rate.
    """

    sums: tuple[TaxSum, ...]
    shares: tuple[Money, ...]


def calculate(amounts: Sequence[tuple[Money, TaxRate]], *, included: bool, rounded_per_line: bool = False) -> Taxes:
    """Calculate the taxes on lines, shipping and fees, all after discounts and in one currency.

    `included`: the amounts are gross and stay as they are; else they are net and the tax is added. The tax of a rate is
    rounded once, on the sum of its amounts, and divided among them by largest remainder. With `rounded_per_line` the
    tax of each amount is rounded and the tax of the rate is their sum.
    Raises ValueError if amounts of one rate have different signs, CurrencyMismatch for several currencies.
    """
    by_rate: dict[TaxRate, list[int]] = defaultdict(list)
    for position, (_, rate) in enumerate(amounts):
        by_rate[rate].append(position)
    if len({amount.currency for amount, _ in amounts}) > 1:
        raise CurrencyMismatch("taxes are calculated in one currency")
    shares: dict[int, Money] = {}
    sums = []
    for rate, positions in by_rate.items():
        tax_on = rate.included_in if included else rate.added_to
        taxed = [amounts[position][0] for position in positions]
        total = _sum(taxed)
        divided = [tax_on(amount) for amount in taxed] if rounded_per_line else _divide(tax_on(total), taxed)
        shares.update(zip(positions, divided, strict=True))
        tax = _sum(divided)
        sums.append(TaxSum(rate, net=total - tax if included else total, tax=tax))
    return Taxes(tuple(sums), tuple(shares[position] for position in range(len(amounts))))


def _divide(tax: Money, amounts: Sequence[Money]) -> list[Money]:
    if min(amount.amount for amount in amounts) < 0 < max(amount.amount for amount in amounts):
        raise ValueError("amounts of one tax rate are either charges or credits, not both")
    return tax.allocate([abs(amount.amount) for amount in amounts])


def _sum(amounts: Sequence[Money]) -> Money:
    return sum(amounts[1:], start=amounts[0])
