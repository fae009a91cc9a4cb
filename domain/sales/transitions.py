"""The allowed changes of an order's state and status."""

from datetime import datetime

from domain.sales.errors import TransitionNotAllowed
from domain.sales.headline import State, headline
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
"""The course of an order's status. Other areas may skip a status: what they record of goods and money are facts."""

SAGA_ONLY = frozenset({"paid", "failed"})
"""Statuses that only the order's saga sets; users cannot request them."""

STATE_CHANGES: dict[State, tuple[State, ...]] = {
    "pending": ("placed", "failed", "cancelled"),
    "placed": ("closed", "cancelled"),
    "closed": (),
    "failed": (),
    "cancelled": (),
}


def allowed(status: str) -> list[str]:
    """List the statuses that a user can request for an order with this status."""
    return [to for to in TRANSITIONS[status] if to not in SAGA_ONLY]


def move(order: Order, to: State) -> None:
    """Change the order's own state. Raises TransitionNotAllowed unless STATE_CHANGES has it.

    An order is not cancelled once its goods are being prepared.
    """
    is_too_late = to == "cancelled" and order.fulfilment_state != "none"
    if to not in STATE_CHANGES[order.state] or is_too_late:
        raise TransitionNotAllowed(f"An order that is {order.status} cannot become {to}.")
    order.state = to


def update_headline(order: Order, *, now: datetime) -> None:
    """Set the order's status after a change of its states, and its next version."""
    order.status = headline(order.state, order.payment_state, order.fulfilment_state)
    order.changed_at, order.version = now, order.version + 1
