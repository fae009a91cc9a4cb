"""Changing the three states of orders, and with them the status: nothing else writes these columns."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.sales import transitions
from domain.sales.errors import OrderNotFound, TransitionNotAllowed
from domain.sales.events import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_FAILED, OrderFailed, OrderState
from domain.sales.headline import FulfilmentState, PaymentState
from domain.sales.models import Order
from kit import db
from kit.db import Json
from kit.messaging import events
from kit.messaging.events import Event
from kit.money import Money


def lock(order_id: UUID) -> None:
    """Lock the order's row until the transaction ends; raises OrderNotFound."""
    if db.run(_LOCK_ORDERS, {"orders": [order_id]}).fetchone() is None:
        raise OrderNotFound


@dataclass(frozen=True, slots=True)
class PaymentSums:
    """The state of all payments of an order, and their sums: captured, and refunded of it, in minor units."""

    state: PaymentState
    paid: int
    refunded: int = 0
    disputed: bool = False


def mark_paid(*, order_ids: Collection[UUID], now: datetime) -> list[Order]:
    """Mark orders as placed, after their sagas have completed: stock is committed, and payments are captured.

    An order whose payment state is recorded already keeps it; for others the whole total is captured.
    """

    def place(order: Order) -> None:
        transitions.move(order, "placed")
        if order.payment_state == "none" and order.total:
            order.payment_state, order.paid = "paid", order.total

    return _publish_state(ORDER_COMPLETED, _change(order_ids, place, now))


def mark_failed(*, failures: Mapping[UUID, Json], now: datetime) -> list[Order]:
    """Mark orders as failed, after their sagas have been compensated; a failure is `{"code", "step", "detail"}`."""

    def fail(order: Order) -> None:
        transitions.move(order, "failed")
        order.failure = failures[order.id] or order.failure

    orders = _change(failures, fail, now)
    for order in orders:
        failure = failures[order.id]
        payload = OrderFailed(
            order.id, order.shop_id, order.customer_id, order.status, Money(order.total, order.currency),
            reason=failure.get("code"), step=failure.get("step"),
        )  # fmt: skip
        events.publish_about(order, ORDER_FAILED, payload)
    return orders


def mark_cancelled(*, order_ids: Collection[UUID], now: datetime) -> list[Order]:
    """Mark orders as cancelled, after payments and stock have been returned."""

    def cancel(order: Order) -> None:
        transitions.move(order, "cancelled")
        if order.paid:
            order.payment_state, order.refunded = "refunded", order.paid

    return _publish_state(ORDER_CANCELLED, _change(order_ids, cancel, now))


def record_payment_state(*, sums: Mapping[UUID, PaymentSums], now: datetime) -> list[Order]:
    """Record the state and the sums of the payments of orders, by order id. Returns the orders.

    Call it in the transaction that changes the payments. An order whose state and sums stay the same is not written.
    Raises OrderNotFound.
    """

    def record(order: Order) -> None:
        new = sums[order.id]
        order.payment_state, order.disputed = new.state, new.disputed
        order.paid, order.refunded = new.paid, new.refunded

    return _change(sums, record, now)


def record_fulfilment_state(*, states: Mapping[UUID, FulfilmentState], now: datetime) -> list[Order]:
    """Record what has happened to the goods of placed or closed orders, by order id. Returns the orders.

    Call it in the transaction that changes shipments or returns. An order whose state stays the same is not written.
    Raises OrderNotFound, and TransitionNotAllowed for an order that is not placed.
    """

    def record(order: Order) -> None:
        if order.state not in {"placed", "closed"}:
            raise TransitionNotAllowed(f"The goods of an order that is {order.status} do not move.")
        order.fulfilment_state = states[order.id]

    return _change(states, record, now)


_CHANGED = (
    "status", "state", "payment_state", "fulfilment_state", "disputed", "paid", "refunded", "failure", "version",
)  # fmt: skip
_LOCKED = ("id", "company_id", "shop_id", "customer_id", "total", "currency", "placed_at", "changed_at", *_CHANGED)
_LOCK_ORDERS = f"""
    SELECT {", ".join(_LOCKED)} FROM orders WHERE id = ANY(%(orders)s) ORDER BY id FOR UPDATE"""  # noqa: S608 - constants only
_UPDATE_ORDERS = f"""
    UPDATE orders SET changed_at = %(now)s, {", ".join(f"{name} = c.{name}" for name in _CHANGED)}
    FROM jsonb_to_recordset(%(changed)s) AS c (id uuid, status text, state text, payment_state text,
        fulfilment_state text, disputed boolean, paid bigint, refunded bigint, failure jsonb, version int)
    WHERE orders.id = ANY(%(orders)s) AND orders.id = c.id"""  # noqa: S608 - constants only


def _change(order_ids: Collection[UUID], change: Callable[[Order], None], now: datetime) -> list[Order]:
    """Apply the change to each of the orders. Returns the orders with the columns of `_LOCKED`.

    Raises OrderNotFound or TransitionNotAllowed; then no order is changed.
    """
    rows = db.run(_LOCK_ORDERS, {"orders": list(order_ids)}).fetchall()
    if len(rows) < len(order_ids):
        raise OrderNotFound
    orders = [Order(**dict(zip(_LOCKED, row, strict=True))) for row in rows]
    before = {order.id: _states(order) for order in orders}
    for order in orders:
        change(order)
    changed = [order for order in orders if _states(order) != before[order.id]]
    for order in changed:
        transitions.update_headline(order, now=now)
    if changed:
        values = [{"id": order.id, **_states(order)} for order in changed]
        db.run(
            _UPDATE_ORDERS,
            {"orders": [order.id for order in changed], "now": now, "changed": db.as_json(values)},
        )
    return orders


def _states(order: Order) -> Json:
    return {name: getattr(order, name) for name in _CHANGED}


def _publish_state(event: Event[OrderState], orders: list[Order]) -> list[Order]:
    """Publish the event for each order. Returns the orders."""
    for order in orders:
        payload = OrderState(
            order.id, order.shop_id, order.customer_id, order.status, Money(order.total, order.currency)
        )
        events.publish_about(order, event, payload)
    return orders
