"""How an order is shown."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.sales import queries as sales
from domain.sales import transitions
from domain.sales.models import Order, OrderLine
from domain.sales.operations import NewLine, NewOrder
from domain.sales.queries import Outcome
from saga.engine import queries as journal
from saga.engine.queries import Timeline
from saga.engine.tables import SagaRow
from saga.place_order import PLACE_ORDER, Placed
from saga.registry import STEPS

AnyOrder = Order | NewOrder
AnyLine = OrderLine | NewLine

STATUS_TEXTS = {
    "pending": "Order Pending",
    "paid": "Order Completed Successfully",
    "fulfilling": "Order Being Prepared",
    "shipped": "Order Shipped",
    "delivered": "Order Delivered",
    "completed": "Order Closed",
    "failed": "Order Failed",
    "cancelled": "Order Cancelled",
    "returned": "Order Returned",
    "partially_returned": "Order Partially Returned",
}


def status_of(order: Any) -> dict[str, Any]:
    """Where the order stands, in a word and in words."""
    return {"id": order.id, "status": order.status, "status_text": STATUS_TEXTS[order.status]}


def summary(order: AnyOrder) -> dict[str, Any]:
    """The order at a glance."""
    shown = ("shop_id", "customer_id", "currency", "total", "failure", "placed_at", "changed_at")
    return {**status_of(order), **{name: getattr(order, name) for name in shown}}


def whole(order: Order) -> dict[str, Any]:
    """The order with its lines and where its saga stands; reads both."""
    return _whole(order, sales.lines_of(order_ids=[order.id])[order.id], _placing_of(order.id))


def as_ended(shown: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    """The whole order as it was shown, and what has become of it since; reads where its saga stands."""
    return {
        **shown,
        **status_of(outcome),
        "failure": outcome.failure,
        "changed_at": outcome.changed_at,
        "saga": _placing_of(outcome.id),
        "allowed_transitions": transitions.allowed(outcome.status),
    }


def just_placed(placed: Placed) -> dict[str, Any]:
    """The whole order as it has just been written."""
    return _whole(placed.order, placed.order.lines, journal.Standing(placed.saga_id, "running")._asdict())


def for_good(order: AnyOrder, lines: Sequence[AnyLine]) -> dict[str, Any]:
    """The order without what is forgotten in time: where its saga stands."""
    return {
        **summary(order),
        "lines": [_line(line, order.currency) for line in lines],
        "subtotal": order.subtotal,
        "discount_percent": order.discount_percent,
        "shipping_address": order.shipping_address,
    }


def _whole(order: AnyOrder, lines: Sequence[AnyLine], saga: dict[str, Any] | None) -> dict[str, Any]:
    return {
        **for_good(order, lines),
        "saga": saga,
        "allowed_transitions": transitions.allowed(order.status),
    }


def _placing_of(order_id: UUID) -> dict[str, Any] | None:
    placing = journal.standing(PLACE_ORDER.name, subject_id=order_id)
    return placing._asdict() if placing else None


def story(saga: SagaRow) -> dict[str, Any]:
    """The saga's timeline; reads its steps and events."""
    told = journal.timeline(saga)
    shown = ("id", "name", "version", "state", "failure", "started_at", "ended_at")
    return {**{name: getattr(saga, name) for name in shown}, "steps": _steps(told), "events": told.events}


def _steps(told: Timeline) -> list[dict[str, Any]]:
    shown = (
        "step", "state", "attempts", "undo_attempts", "outcome", "error", "retry_at", "begun_at", "answered_at",
        "undone_at",
    )  # fmt: skip
    return [{**{name: getattr(step, name) for name in shown}, "undo": _undo_of(step.step)} for step in told.steps]


def _undo_of(step: str) -> str | None:
    """None, too, where the step is one that only former versions of its saga had."""
    return STEPS[step].undo_name if step in STEPS else None


def _line(line: AnyLine, currency: str) -> dict[str, Any]:
    shown = ("product_id", "sku", "name", "quantity", "unit_price")
    total = line.unit_price * line.quantity
    return {**{name: getattr(line, name) for name in shown}, "currency": currency, "total": total}
