"""How an order is shown."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.notifications.failure_messages import for_buyer
from domain.sales import queries as sales
from domain.sales import transitions
from domain.sales.models import Order, OrderLine
from domain.sales.operations import NewLine, NewOrder
from domain.sales.queries import OrderOutcome
from kit.db import Json
from saga.engine import queries as journal
from saga.engine.models import SagaEvent, SagaRow, StepRow
from saga.place_order import PLACE_ORDER, PlacedOrder
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


IS_BEING_CANCELLED = "Order Being Cancelled"


def status_of(order: Any) -> dict[str, Any]:
    """Where the order stands, in a word and in words."""
    return {"id": order.id, "status": order.status, "status_text": STATUS_TEXTS[order.status]}


def summary(order: AnyOrder, *, to_seller: bool) -> dict[str, Any]:
    """The order at a glance."""
    shown = ("shop_id", "customer_id", "currency", "total", "placed_at", "changed_at")
    failure = _failure(order.failure, to_seller=to_seller)
    return {**status_of(order), **{name: getattr(order, name) for name in shown}, "failure": failure}


def _failure(failure: Json | None, *, to_seller: bool) -> Json | None:
    return failure if to_seller or not failure else for_buyer(failure)


def whole(order: Order, *, to_seller: bool) -> dict[str, Any]:
    """The order with its lines and where its saga stands; reads both."""
    lines = sales.lines_of(order_ids=[order.id])[order.id]
    return _whole(order, lines, _placing_of(order.id), to_seller=to_seller)


def as_ended(shown: dict[str, Any], outcome: OrderOutcome, *, to_seller: bool) -> dict[str, Any]:
    """The whole order as it was shown, and what has become of it since; reads where its saga stands."""
    return {
        **shown,
        **status_of(outcome),
        "failure": _failure(outcome.failure, to_seller=to_seller),
        "changed_at": outcome.changed_at,
        **_progress(outcome.status, _placing_of(outcome.id)),
    }


def just_placed(placed: PlacedOrder) -> dict[str, Any]:
    """The whole order as it has just been written."""
    saga = journal.SagaState(placed.saga_id, "running")
    return _whole(placed.order, placed.order.lines, saga, to_seller=False)


def for_good(order: AnyOrder, lines: Sequence[AnyLine], *, to_seller: bool) -> dict[str, Any]:
    """The order without what is forgotten in time: where its saga stands."""
    return {
        **summary(order, to_seller=to_seller),
        "lines": [_line(line, order.currency) for line in lines],
        "subtotal": order.subtotal,
        "discount_percent": order.discount_percent,
        "shipping_address": order.shipping_address,
    }


def _whole(
    order: AnyOrder, lines: Sequence[AnyLine], placing: journal.SagaState | None, *, to_seller: bool
) -> dict[str, Any]:
    return {**for_good(order, lines, to_seller=to_seller), **_progress(order.status, placing)}


def _progress(status: str, placing: journal.SagaState | None) -> dict[str, Any]:
    """Where the order's saga stands, and what may still become of the order."""
    allowed = transitions.allowed(status)
    being_cancelled = placing is not None and placing.stop_requested and "cancelled" in allowed
    return {
        "saga": {"id": placing.id, "state": placing.state} if placing else None,
        "being_cancelled": being_cancelled,
        "allowed_transitions": [] if being_cancelled else allowed,
        **({"status_text": IS_BEING_CANCELLED} if being_cancelled else {}),
    }


def _placing_of(order_id: UUID) -> journal.SagaState | None:
    return journal.saga_state(PLACE_ORDER.name, subject_id=order_id)


def story(saga: SagaRow, *, to_seller: bool) -> dict[str, Any]:
    """The saga's timeline; reads its steps and events."""
    told = journal.timeline(saga)
    shown = ("id", "name", "version", "state", "started_at", "ended_at")
    return {
        **{name: getattr(saga, name) for name in shown},
        "failure": _failure(saga.failure, to_seller=to_seller),
        "steps": [_step(step, told.state_of(step), to_seller=to_seller) for step in told.steps],
        "events": [_event(event, to_seller=to_seller) for event in told.events],
    }


def _step(step: StepRow, state: str, *, to_seller: bool) -> dict[str, Any]:
    shown = (
        "step", "attempts", "undo_attempts", "outcome", "retry_at", "begun_at", "answered_at", "undone_at",
    )  # fmt: skip
    error = _failure(step.error, to_seller=to_seller)
    told = {name: getattr(step, name) for name in shown}
    return {**told, "state": state, "undo": _undo_of(step.step), "error": error}


def _event(event: SagaEvent, *, to_seller: bool) -> dict[str, Any]:
    shown = ("happened_at", "event", "step", "detail")
    told = {name: getattr(event, name) for name in shown}
    is_failure = told["detail"] and "code" in told["detail"]
    return {**told, "detail": _failure(told["detail"], to_seller=to_seller)} if is_failure else told


def _undo_of(step: str) -> str | None:
    """None, too, where the step is one that only former versions of its saga had."""
    return STEPS[step].undo_name if step in STEPS else None


def _line(line: AnyLine, currency: str) -> dict[str, Any]:
    shown = ("product_id", "sku", "name", "quantity", "unit_price")
    total = line.unit_price * line.quantity
    return {**{name: getattr(line, name) for name in shown}, "currency": currency, "total": total}
