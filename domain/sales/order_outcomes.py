"""Log and count orders that are placed, paid, failed or cancelled, once the transaction has committed.

Log lines have ids, amounts and codes, never text that a person wrote. Metrics name no company, shop or user.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Literal
from uuid import UUID

import structlog
from prometheus_client import Counter, Histogram

from domain.notifications.failure_messages import DECLINES, MESSAGES
from domain.sales.models import Order
from domain.sales.new_order import NewOrder
from kit import db
from kit.db import Json
from kit.process import logs

CancelledWhen = Literal["before_payment", "after_payment"]

ORDERS = Counter("orderx_orders", "Orders placed, paid, failed and cancelled", ["outcome", "reason"])
AMOUNTS = Counter("orderx_orders_amount_minor_units", "Totals of these orders in minor units", ["outcome", "currency"])
PAID_AFTER = Histogram(
    "orderx_order_payment_duration_seconds",
    "From placing an order to its payment",
    buckets=(0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 30, 60, 300, 3600),
)
REASONS = {*MESSAGES, *DECLINES, "payment_provider_unavailable"}
"""Failure codes that are counted by name. Any other code, of a provider or an exception, is counted as `other`."""

log = structlog.get_logger()


def report_placed(order: NewOrder, *, saga_id: UUID) -> None:
    """Log and count an order that was placed and is pending."""
    _report(order, "placed", fields={"saga_id": str(saga_id)})


def report_paid(orders: Iterable[Order]) -> None:
    """Log and count orders that are paid: their payments are captured and their stock is committed."""
    for order in orders:
        seconds = (order.changed_at - order.placed_at).total_seconds()
        db.after_commit(partial(PAID_AFTER.observe, seconds))
        _report(order, "paid", fields={"seconds": seconds})


def report_failed(orders: Iterable[Order], failures: Mapping[UUID, Json]) -> None:
    """Log and count orders that have failed: their steps are undone."""
    for order in orders:
        failure = failures[order.id]
        code = failure.get("code", "")
        reason = code if code in REASONS else "other"
        _report(order, "failed", reason=reason, fields={"code": code, "step": failure.get("step")})


def report_cancelled(orders: Iterable[Order], *, when: CancelledWhen) -> None:
    """Log and count orders that are cancelled on request.

    Before the payment, all steps of an order are undone; after the payment, the order is refunded.
    """
    for order in orders:
        _report(order, "cancelled", reason=when)


def _report(order: Order | NewOrder, outcome: str, *, reason: str = "", fields: Json | None = None) -> None:
    all_fields = {
        "order_id": str(order.id), "company_id": str(order.company_id), "shop_id": str(order.shop_id),
        "customer_id": str(order.customer_id), "amount": order.total, "currency": order.currency,
        "reason": reason or None, "request_id": logs.request_id(order.id), **(fields or {}),
    }  # fmt: skip
    known = {name: value for name, value in all_fields.items() if value is not None}
    db.after_commit(partial(log.info, f"order_{outcome}", **known))
    db.after_commit(ORDERS.labels(outcome, reason).inc)
    db.after_commit(partial(AMOUNTS.labels(outcome, order.currency).inc, order.total))
