"""The one table of what an order may become, asked by the API and enforced here."""

from datetime import datetime

from domain.sales.errors import NotAllowedNow
from domain.sales.models import Order

TRANSITIONS: dict[str, tuple[str, ...]] = {
    "pending": ("paid", "failed", "cancelled"),
    "paid": ("fulfilling", "cancelled"),
    "fulfilling": ("shipped",),
    "shipped": ("delivered",),
    "delivered": ("completed", "returned", "partially_returned"),
    "completed": ("returned", "partially_returned"),
    "partially_returned": ("returned",),
    "failed": (),
    "cancelled": (),
    "returned": (),
}

BY_THE_SAGA = frozenset({"paid", "failed"})
"""Only the order's saga makes these; nobody may ask for them."""


def allowed(status: str) -> list[str]:
    """What a person may make of an order in this status."""
    return [to for to in TRANSITIONS[status] if to not in BY_THE_SAGA]


def move(order: Order, to: str, *, now: datetime) -> None:
    """Change the order's status; raises NotAllowedNow when the table has no such way."""
    if to not in TRANSITIONS[order.status]:
        raise NotAllowedNow(f"an order that is {order.status} cannot become {to}")
    order.status, order.changed_at, order.version = to, now, order.version + 1
