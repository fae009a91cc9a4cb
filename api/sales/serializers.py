"""Convert orders and sagas to the JSON of responses."""

from collections.abc import Sequence
from dataclasses import asdict
from dataclasses import fields as dataclass_fields
from typing import Any
from uuid import UUID

from domain.notifications.failure_messages import for_buyer
from domain.sales import queries as sales
from domain.sales import transitions
from domain.sales.headline import State
from domain.sales.models import Order, OrderLine
from domain.sales.new_order import NewLine, NewOrder
from domain.sales.queries import OrderOutcome
from domain.sales.totals import Totals
from kit.db import Json
from saga.engine import queries as journal
from saga.engine.models import SagaRow, StepRow
from saga.place_order import PLACE_ORDER, PlacedOrder
from saga.registry import STEPS

_DETAILS = ("discount_percent", "shipping_address", "billing_address", "phone", "note", "channel")
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


CANCELLATION_REQUESTED_TEXT = "Order Being Cancelled"


def status_of(order: Any) -> dict[str, Any]:
    """The status of the order, as a code and as a text."""
    return {"id": order.id, "status": order.status, "status_text": STATUS_TEXTS[order.status]}


def states_of(order: Any) -> dict[str, Any]:
    """The status of the order, and the states that it sums up."""
    names = ("state", "payment_state", "fulfilment_state", "disputed")
    return {**status_of(order), **{name: getattr(order, name) for name in names}}


def summary(order: AnyOrder, lines: Sequence[AnyLine] | None = None, *, to_seller: bool) -> dict[str, Any]:
    """The order, with its lines if they are given."""
    names = ("number", "shop_id", "customer_id", "currency", "total", "placed_at", "changed_at")
    failure = _failure(order.failure, to_seller=to_seller)
    return {
        **states_of(order),
        **{name: getattr(order, name) for name in names},
        "failure": failure,
        **_lines(order, lines),
    }


def _totals(totals: Totals, *, currency: str, state: State) -> dict[str, Any]:
    return {**asdict(totals), "total": totals.total, "due": totals.due(state), "currency": currency}


def _failure(failure: Json | None, *, to_seller: bool) -> Json | None:
    return failure if to_seller or not failure else for_buyer(failure)


def full_order(order: Order, *, to_seller: bool) -> dict[str, Any]:
    """The order with its lines and the state of its saga; reads both."""
    lines = sales.lines_of(order_ids=[order.id])[order.id]
    return _full_order(order, lines, _placing_saga(order.id), to_seller=to_seller)


def with_outcome(order: dict[str, Any], outcome: OrderOutcome, *, to_seller: bool) -> dict[str, Any]:
    """The serialized order with its new status; reads the state of its saga."""
    agreed = {each.name: order["totals"][each.name] for each in dataclass_fields(Totals)}
    totals = Totals(**{**agreed, "paid": outcome.paid, "refunded": outcome.refunded})
    return {
        **order,
        **states_of(outcome),
        "totals": _totals(totals, currency=order["currency"], state=outcome.state),
        "failure": _failure(outcome.failure, to_seller=to_seller),
        "changed_at": outcome.changed_at,
        **_progress(outcome.status, _placing_saga(outcome.id)),
    }


def new_order(placed: PlacedOrder) -> dict[str, Any]:
    """The full order that was just placed."""
    saga = journal.SagaState(placed.saga_id, "running")
    return _full_order(placed.order, placed.order.lines, saga, to_seller=False)


def order_details(order: AnyOrder, lines: Sequence[AnyLine], *, to_seller: bool) -> dict[str, Any]:
    """The order with its lines, without the state of its saga, which is deleted after some months."""
    return {
        **summary(order, lines, to_seller=to_seller),
        "totals": _totals(order.totals, currency=order.currency, state=order.state),
        "subtotal": order.totals.items,
        **{name: getattr(order, name) for name in _DETAILS},
    }


def _full_order(
    order: AnyOrder, lines: Sequence[AnyLine], saga: journal.SagaState | None, *, to_seller: bool
) -> dict[str, Any]:
    return {**order_details(order, lines, to_seller=to_seller), **_progress(order.status, saga)}


def _progress(status: str, saga: journal.SagaState | None) -> dict[str, Any]:
    """The state of the saga, and the allowed transitions of the order."""
    allowed = transitions.allowed(status)
    cancellation_requested = saga is not None and saga.stop_requested and "cancelled" in allowed
    return {
        "saga": {"id": saga.id, "state": saga.state} if saga else None,
        "cancellation_requested": cancellation_requested,
        "allowed_transitions": [] if cancellation_requested else allowed,
        **({"status_text": CANCELLATION_REQUESTED_TEXT} if cancellation_requested else {}),
    }


def _placing_saga(order_id: UUID) -> journal.SagaState | None:
    return journal.saga_state(PLACE_ORDER.name, subject_id=order_id)


def saga_timeline(saga: SagaRow, *, to_seller: bool) -> dict[str, Any]:
    """The saga with its steps and events, which it reads."""
    timeline = journal.timeline(saga)
    names = ("id", "name", "version", "state", "started_at", "ended_at")
    return {
        **{name: getattr(saga, name) for name in names},
        "waiting_for": timeline.awaited and timeline.awaited._asdict(),
        "failure": _failure(saga.failure, to_seller=to_seller),
        "steps": [_step(step, timeline.state_of(step), to_seller=to_seller) for step in timeline.steps],
        "events": [_event(event, to_seller=to_seller) for event in timeline.events],
    }


def _step(step: StepRow, shown_state: str, *, to_seller: bool) -> dict[str, Any]:
    names = (
        "step", "attempts", "undo_attempts", "outcome", "retry_at", "begun_at", "answered_at", "undone_at",
    )  # fmt: skip
    error = _failure(step.error, to_seller=to_seller)
    fields = {name: getattr(step, name) for name in names}
    return {**fields, "state": shown_state, "undo": _undo_of(step.step), "error": error}


def _event(event: journal.HistoryEvent, *, to_seller: bool) -> dict[str, Any]:
    names = ("happened_at", "event", "step", "detail")
    fields = {name: getattr(event, name) for name in names}
    is_failure = fields["detail"] and "code" in fields["detail"]
    return {**fields, "detail": _failure(fields["detail"], to_seller=to_seller)} if is_failure else fields


def _undo_of(step: str) -> str | None:
    """The name of the step's undo; None if it has none, or if no current saga has the step."""
    return STEPS[step].undo_name if step in STEPS else None


def _lines(order: AnyOrder, lines: Sequence[AnyLine] | None) -> dict[str, Any]:
    return {} if lines is None else {"lines": [_line(line, order.currency) for line in lines]}


def _line(line: AnyLine, currency: str) -> dict[str, Any]:
    names = ("id", "product_id", "sku", "name", "quantity", "unit_price")
    total = line.unit_price * line.quantity
    return {**{name: getattr(line, name) for name in names}, "currency": currency, "total": total}
