"""Listing orders by what they are about, in a chosen order."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select, tuple_

from domain.sales.errors import OrderNotFound
from domain.sales.models import Order, OrderLine
from domain.sales.queries import is_order_of
from kit import db
from kit.paging import Page, page

Sort = Literal["-placed_at", "placed_at", "-total", "total"]
"""What orders are sorted by; with a minus, the highest or newest first."""
SORTS: tuple[Sort, ...] = get_args(Sort)

_NUMBER_PATTERN = re.compile(r"\d{4}-\d+[A-Z]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders to list: those for which all that is given applies. Totals are in minor units.

    `text` is a number, an email address, a SKU, or a part of the buyer's name; or the order is one of `or_order_ids`,
    which a higher area has found by the text. `placed_until` and `total_until` are exclusive and inclusive.
    """

    user_id: UUID | None = None
    customer_id: UUID | None = None
    shop_id: UUID | None = None
    status: str | None = None
    payment_state: str | None = None
    fulfilment_state: str | None = None
    channel: str | None = None
    sku: str | None = None
    placed_since: datetime | None = None
    placed_until: datetime | None = None
    total_from: int | None = None
    total_until: int | None = None
    text: str | None = None
    or_order_ids: Collection[UUID] = ()


def search(wanted: OrderFilter, *, limit: int, after: UUID | None = None, sort: Sort = "-placed_at") -> Page[Order]:
    """List the orders of the current company, or of the current user, after the one with the id `after`.

    Raises OrderNotFound if orders are sorted by total and there is no order `after`.
    """
    query = select(Order).where(*_conditions(wanted))
    if sort.endswith("placed_at"):
        return page(query, Order.id, limit=limit, after=after, newest_first=sort.startswith("-"))
    return _page_by_total(query, limit=limit, after=after, descending=sort.startswith("-"))


def _page_by_total(query: Select[Order], *, limit: int, after: UUID | None, descending: bool) -> Page[Order]:
    key = tuple_(Order.total, Order.id)
    if after is not None:
        total = db.session().scalar(select(Order.total).where(Order.id == after))
        if total is None:
            raise OrderNotFound
        query = query.where(key < (total, after) if descending else key > (total, after))
    in_order = (Order.total.desc(), Order.id.desc()) if descending else (Order.total, Order.id)
    found = db.session().scalars(query.order_by(*in_order).limit(limit + 1)).all()
    return Page(list(found[:limit]), found[limit - 1].id if len(found) > limit else None)


def _conditions(wanted: OrderFilter) -> list[ColumnElement[bool]]:
    by_column = {
        Order.customer_id: wanted.customer_id, Order.shop_id: wanted.shop_id, Order.status: wanted.status,
        Order.payment_state: wanted.payment_state, Order.fulfilment_state: wanted.fulfilment_state,
        Order.channel: wanted.channel,
    }  # fmt: skip
    conditions = [column == value for column, value in by_column.items() if value is not None]
    if wanted.user_id is not None:
        conditions.append(is_order_of(wanted.user_id))
    if wanted.sku is not None:
        conditions.append(_has_sku(wanted.sku))
    if wanted.placed_since is not None:
        conditions.append(Order.placed_at >= wanted.placed_since)
    if wanted.placed_until is not None:
        conditions.append(Order.placed_at < wanted.placed_until)
    if wanted.total_from is not None:
        conditions.append(Order.total >= wanted.total_from)
    if wanted.total_until is not None:
        conditions.append(Order.total <= wanted.total_until)
    if wanted.text is not None:
        conditions.append(_is_about(wanted.text, wanted.or_order_ids))
    return conditions


def _is_about(text: str, or_order_ids: Collection[UUID]) -> ColumnElement[bool]:
    if _NUMBER_PATTERN.fullmatch(text):  # by the index
        return Order.number == text.upper()
    return or_(
        Order.id.in_(list(or_order_ids)),
        func.lower(Order.customer_email) == text.lower(),
        Order.customer_name.icontains(text, autoescape=True),
        _has_sku(text),
    )


def _has_sku(sku: str) -> ColumnElement[bool]:
    return exists().where(OrderLine.order_id == Order.id, OrderLine.sku == sku)
