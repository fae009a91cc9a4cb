"""The allowed changes of an order's status."""

from datetime import datetime

from domain.sales.errors import TransitionNotAllowed
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

SAGA_ONLY = frozenset({"paid", "failed"})
"""Statuses that only the order's saga sets; users cannot request them."""


def allowed(status: str) -> list[str]:
    """List the statuses that a user can request for an order with this status."""
    return [to for to in TRANSITIONS[status] if to not in SAGA_ONLY]


def move(order: Order, to: str, *, now: datetime) -> None:
    """Change the order's status; raises TransitionNotAllowed unless TRANSITIONS has this change."""
    if to not in TRANSITIONS[order.status]:
        raise TransitionNotAllowed(f"An order that is {order.status} cannot become {to}.")
    order.status, order.changed_at, order.version = to, now, order.version + 1
