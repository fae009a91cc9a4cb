"""Erasure and export of a customer's orders."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from domain.sales import queries
from domain.sales.errors import OrdersInProgress
from domain.sales.models import Order, OrderLine
from kit import db
from kit.personal_data import PersonalData
from kit.tenancy import Tenant

_PAGE_SIZE = 100
_ERASE = text("SELECT erase_customer(:user)")


def erase(*, user_id: UUID, now: datetime) -> None:
    """Keep the current user's orders without their name and addresses; raises OrdersInProgress."""
    if queries.has_orders_in_progress(user_id=user_id, now=now):
        raise OrdersInProgress
    db.session().execute(_ERASE, {"user": user_id})


def export(*, user_id: UUID, now: datetime) -> dict[str, Any]:
    """Collect the current user's orders in all companies with their lines, the newest first."""
    del now
    orders = list(_orders(user_id))
    return {"orders": [(order, _lines_of(order, user_id)) for order in orders]}


def _orders(user_id: UUID) -> Iterator[Order]:
    page = queries.orders_of(user_id=user_id, limit=_PAGE_SIZE)
    yield from page.data
    while page.next:
        page = queries.orders_of(user_id=user_id, limit=_PAGE_SIZE, after=page.next)
        yield from page.data


def _lines_of(order: Order, user_id: UUID) -> list[OrderLine]:
    """Read the lines as a customer of the order's company; the rest of the transaction acts for it."""
    db.act_for(Tenant(order.company_id, user_id))
    return queries.lines_of(order_ids=[order.id])[order.id]


PERSONAL_DATA = PersonalData(
    erased=frozenset({"orders"}),
    exported=frozenset({"orders"}),
    not_erased={"idempotency_keys": "they expire a day after the order"},
    not_exported={"idempotency_keys": "they are chosen by the customer's client, and expire after a day"},
    erase=erase,
    export=export,
)
