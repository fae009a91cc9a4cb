"""What is asked for when an order is placed, and the order that is placed."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.sales.channels import Channel
from domain.sales.headline import FulfilmentState, PaymentState, State
from domain.sales.totals import Totals
from kit.db import Json


@dataclass(frozen=True, slots=True)
class LineRequest:
    """A product and the number of units ordered."""

    product_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderOptions:
    """What a buyer may add to an order. Without a billing address, the bill goes to the shipping address."""

    billing_address: Json | None = None
    phone: str | None = None
    """E.164."""
    note: str | None = None
    channel: Channel = "shop"


class NewLine(NamedTuple):
    """A line of a new order, with the columns of OrderLine."""

    id: UUID
    product_id: UUID
    sku: str
    name: str
    quantity: int
    unit_price: int


@dataclass(slots=True)
class NewOrder:
    """A pending order, with the columns of Order, its totals by kind, and its lines.

    The database sets the number when the order is written, at the end of the transaction.
    """

    id: UUID
    company_id: UUID
    shop_id: UUID
    customer_id: UUID
    customer_email: str
    customer_name: str
    currency: str
    discount_percent: int
    totals: Totals
    shipping_address: Json
    options: OrderOptions
    placed_at: datetime
    changed_at: datetime
    lines: list[NewLine]
    number: str = ""
    status: str = "pending"
    state: State = "pending"
    payment_state: PaymentState = "none"
    fulfilment_state: FulfilmentState = "none"
    disputed: bool = False
    failure: None = None
    version: int = 1

    @property
    def billing_address(self) -> Json | None:
        """Null if it is the shipping address."""
        return self.options.billing_address

    @property
    def phone(self) -> str | None:
        """The buyer's phone number in E.164."""
        return self.options.phone

    @property
    def note(self) -> str | None:
        """The buyer's note."""
        return self.options.note

    @property
    def channel(self) -> Channel:
        """Where the order comes from."""
        return self.options.channel

    @property
    def total(self) -> int:
        """What the buyer pays, in minor units."""
        return self.totals.total
