"""The totals of an order by kind, in minor units of its currency."""

from dataclasses import dataclass

from domain.sales.headline import State


@dataclass(frozen=True, slots=True)
class Totals:
    """What was agreed when the order was placed, which stays, and what was paid and refunded since.

    `discounts` are those on items and shipping. `tax` is part of the other amounts if it is included, or else added.
    """

    items: int
    discounts: int
    shipping: int
    fees: int
    tax: int
    tax_included: bool
    paid: int = 0
    refunded: int = 0

    @property
    def total(self) -> int:
        """What the buyer pays."""
        added_tax = 0 if self.tax_included else self.tax
        return self.items - self.discounts + self.shipping + self.fees + added_tax

    def due(self, state: State) -> int:
        """What the buyer has yet to pay of an order in this state. What was refunded is not due again."""
        return 0 if state in {"failed", "cancelled"} else max(0, self.total - self.paid)
