"""Reading orders."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, func, select

from domain.sales.errors import OrderNotFound
from domain.sales.models import Order, OrderLine
from kit import db


def the_order(*, order_id: UUID, customer_id: UUID | None = None) -> Order:
    """The order, if it is the current company's (and that customer's); raises OrderNotFound."""
    query = select(Order).where(Order.id == order_id)
    if customer_id is not None:
        query = query.where(Order.customer_id == customer_id)
    order = db.session().scalar(query)
    if order is None:
        raise OrderNotFound
    return order


def the_status(*, order_id: UUID, customer_id: UUID | None = None) -> Row[str, int]:
    """Only (status, version) of an order, for those who ask often; raises OrderNotFound."""
    query = select(Order.status, Order.version).where(Order.id == order_id)
    if customer_id is not None:
        query = query.where(Order.customer_id == customer_id)
    row = db.session().execute(query).one_or_none()
    if row is None:
        raise OrderNotFound
    return row


def lines_of(*, order_ids: Collection[UUID]) -> dict[UUID, list[OrderLine]]:
    """The lines of each order, in their order."""
    query = select(OrderLine).where(OrderLine.order_id.in_(order_ids)).order_by(OrderLine.order_id, OrderLine.position)
    lines: dict[UUID, list[OrderLine]] = {order_id: [] for order_id in order_ids}
    for line in db.session().scalars(query):
        lines[line.order_id].append(line)
    return lines


def quantities(*, order_id: UUID) -> dict[UUID, int]:
    """Units ordered of each product, in order of product."""
    query = select(OrderLine.product_id, func.sum(OrderLine.quantity)).where(OrderLine.order_id == order_id)
    grouped = query.group_by(OrderLine.product_id).order_by(OrderLine.product_id)
    return {product_id: int(units) for product_id, units in db.session().execute(grouped)}


def orders(
    *,
    limit: int,
    after: UUID | None = None,
    customer_id: UUID | None = None,
    shop_id: UUID | None = None,
    status: str | None = None,
    placed_since: datetime | None = None,
) -> list[Order]:
    """Orders, the newest first, from behind `after`, narrowed down by what is given."""
    query = select(Order).order_by(Order.id.desc()).limit(limit)
    wanted = {
        Order.customer_id: customer_id,
        Order.shop_id: shop_id,
        Order.status: status,
    }
    for column, value in wanted.items():
        if value is not None:
            query = query.where(column == value)
    if placed_since is not None:
        query = query.where(Order.placed_at >= placed_since)
    if after is not None:
        query = query.where(Order.id < after)
    return list(db.session().scalars(query))
