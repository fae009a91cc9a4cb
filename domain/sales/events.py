"""The events of the area sales."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kit.messaging.events import Event
from kit.money import Money


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of an order, and its price per unit."""

    product_id: UUID
    sku: str
    quantity: int
    unit_price: Money


@dataclass(frozen=True, slots=True)
class OrderState:
    """An order and its status. `total` is what the buyer pays, after the discount."""

    order_id: UUID
    shop_id: UUID
    customer_id: UUID
    status: str
    total: Money


@dataclass(frozen=True, slots=True)
class OrderCreated(OrderState):
    """A new order with its lines, in the order in which the buyer gave them."""

    placed_at: datetime
    lines: list[OrderLine]


@dataclass(frozen=True, slots=True)
class OrderFailed(OrderState):
    """An order that failed: the code of the reason and the step of its saga, as far as they are known."""

    reason: str | None
    step: str | None


ORDER_CREATED = Event("order.created", OrderCreated, "An order was placed, and is pending.")
ORDER_COMPLETED = Event("order.completed", OrderState, "An order was paid, and its stock is sold.")
ORDER_FAILED = Event("order.failed", OrderFailed, "An order failed. Nothing is charged, and its stock is released.")
ORDER_CANCELLED = Event("order.cancelled", OrderState, "An order was cancelled. Payment and stock are returned.")
