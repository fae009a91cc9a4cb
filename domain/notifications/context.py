"""What a mail is told about its order."""

from typing import Any, Literal, TypedDict

Template = Literal[
    "order_received", "order_received_merchant", "payment_succeeded", "payment_failed", "order_cancelled"
]


class Line(TypedDict):
    """One line of the order; `unit_price` in minor units."""

    name: str
    sku: str
    quantity: int
    unit_price: int


class Failure(TypedDict):
    """Why the order failed, as on its row."""

    code: str
    step: str
    detail: str | None


class Context(TypedDict):
    """What every template is told. Amounts in minor units of `currency`; `failure` once the order has failed."""

    order_id: str
    shop: str
    company: str
    customer: str
    lines: list[Line]
    subtotal: int
    discount_percent: int
    total: int
    currency: str
    shipping_address: dict[str, Any]
    failure: Failure | None
