"""Changing the status of orders, once their outcome is decided."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from domain.sales import transitions
from domain.sales.errors import OrderNotFound
from domain.sales.events import ORDER_CANCELLED, ORDER_COMPLETED, ORDER_FAILED, OrderFailed, OrderState
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


def mark_paid(*, order_ids: Collection[UUID], now: datetime) -> list[Order]:
    """Mark orders as paid, after their sagas have completed: payments are captured and stock is committed."""
    return _publish_state(ORDER_COMPLETED, _move("paid", dict.fromkeys(order_ids), now))


def mark_failed(*, failures: Mapping[UUID, Json], now: datetime) -> list[Order]:
    """Mark orders as failed, after their sagas have been compensated; a failure is `{"code", "step", "detail"}`."""
    orders = _move("failed", failures, now)
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
    return _publish_state(ORDER_CANCELLED, _move("cancelled", dict.fromkeys(order_ids), now))


_LOCKED = (
    "id", "company_id", "shop_id", "customer_id", "status", "total", "currency", "failure", "version", "placed_at",
)  # fmt: skip
_LOCK_ORDERS = """
    SELECT id, company_id, shop_id, customer_id, status, total, currency, failure, version, placed_at
    FROM orders WHERE id = ANY(%(orders)s) ORDER BY id FOR UPDATE"""
_UPDATE_STATUS = """
    UPDATE orders SET status = %(status)s, failure = m.failure, version = m.version, changed_at = %(now)s
    FROM jsonb_to_recordset(%(moved)s) AS m (id uuid, failure jsonb, version int)
    WHERE orders.id = ANY(%(orders)s) AND orders.id = m.id"""


def _move(to: str, failures: Mapping[UUID, Json | None], now: datetime) -> list[Order]:
    """Change the status of the orders. Returns the orders with the columns of `_LOCKED`.

    Raises OrderNotFound or TransitionNotAllowed; then no order is changed.
    """
    orders = [Order(**dict(zip(_LOCKED, row, strict=True))) for row in db.run(_LOCK_ORDERS, {"orders": list(failures)})]
    if len(orders) < len(failures):
        raise OrderNotFound
    for order in orders:
        transitions.move(order, to, now=now)
        order.failure = failures[order.id] or order.failure
    moved = [{"id": order.id, "failure": order.failure, "version": order.version} for order in orders]
    db.run(_UPDATE_STATUS, {"orders": list(failures), "status": to, "now": now, "moved": db.as_json(moved)})
    return orders


def _publish_state(event: Event[OrderState], orders: list[Order]) -> list[Order]:
    """Publish the event for each order. Returns the orders."""
    for order in orders:
        payload = OrderState(
            order.id, order.shop_id, order.customer_id, order.status, Money(order.total, order.currency)
        )
        events.publish_about(order, event, payload)
    return orders
