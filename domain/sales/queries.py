"""Reading orders."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVarTuple
from uuid import UUID

from sqlalchemy import Row, Select, and_, bindparam, exists, or_, select

from domain.sales.errors import OrderNotFound
from domain.sales.models import Order, OrderLine
from kit import db
from kit.db import Json

Ts = TypeVarTuple("Ts")

SHIPPED_WITHIN = timedelta(days=30)
"""How long after its payment an order may need its buyer's address."""


class Told(NamedTuple):
    """Everything there is to tell about an order; amounts in minor units of `currency`, lines as they were placed."""

    order_id: UUID
    company_id: UUID
    shop: str
    company: str
    company_email: str
    customer: str
    customer_email: str
    subtotal: int
    discount_percent: int
    total: int
    currency: str
    shipping_address: Json
    failure: Json | None
    branding: Json
    lines: list[Json]


_TOLD = """
    SELECT o.id, o.company_id, s.name, c.name, c.email, o.customer_name, o.customer_email, o.subtotal,
        o.discount_percent, o.total, o.currency, o.shipping_address, o.failure, c.branding,
        (
            SELECT jsonb_agg(jsonb_build_object(
                'name', l.name, 'sku', l.sku, 'quantity', l.quantity, 'unit_price', l.unit_price) ORDER BY l.position)
            FROM order_lines l WHERE l.order_id = o.id
        )
    FROM orders o JOIN shops s ON s.id = o.shop_id JOIN companies c ON c.id = o.company_id
    WHERE o.id = ANY(%(orders)s)"""


def the_order(*, order_id: UUID, customer_id: UUID | None = None, shop_id: UUID | None = None) -> Order:
    """The order, if it is the current company's (and that customer's, or that shop's); raises OrderNotFound."""
    order = db.session().scalar(_narrowed(select(Order).where(Order.id == order_id), customer_id, shop_id))
    if order is None:
        raise OrderNotFound
    return order


def the_status(*, order_id: UUID, customer_id: UUID | None = None, shop_id: UUID | None = None) -> Row[UUID, str, int]:
    """Only (id, status, version) of an order, for those who ask often; raises OrderNotFound."""
    query = select(Order.id, Order.status, Order.version).where(Order.id == order_id)
    row = db.session().execute(_narrowed(query, customer_id, shop_id)).one_or_none()
    if row is None:
        raise OrderNotFound
    return row


class Outcome(NamedTuple):
    """What its saga may change of an order."""

    id: UUID
    status: str
    failure: Json | None
    changed_at: datetime


_OUTCOME = "SELECT id, status, failure, changed_at FROM orders WHERE id = %(order)s"


def outcome(*, order_id: UUID) -> Outcome:
    """What has become of the order by now; raises OrderNotFound."""
    row = db.run(_OUTCOME, {"order": order_id}).fetchone()
    if row is None:
        raise OrderNotFound
    return Outcome(*row)


# Built once: putting a statement together costs more than running it.
_LINES = (
    select(OrderLine)
    .where(OrderLine.order_id.in_(bindparam("orders", expanding=True)))
    .order_by(OrderLine.order_id, OrderLine.position)
)
_QUANTITIES = """
    SELECT order_id, product_id, sum(quantity)::int FROM order_lines WHERE order_id = ANY(%(orders)s)
    GROUP BY order_id, product_id ORDER BY order_id, product_id"""


def lines_of(*, order_ids: Collection[UUID]) -> dict[UUID, list[OrderLine]]:
    """The lines of each order, in their order."""
    lines: dict[UUID, list[OrderLine]] = {order_id: [] for order_id in order_ids}
    for line in db.session().scalars(_LINES, {"orders": list(order_ids)}):
        lines[line.order_id].append(line)
    return lines


def told(*, order_ids: Sequence[UUID]) -> list[Told]:
    """Everything there is to tell about these orders, in any order; raises OrderNotFound."""
    rows = [Told(*row) for row in db.run(_TOLD, {"orders": list(order_ids)})]
    if len(rows) < len(set(order_ids)):
        raise OrderNotFound
    return rows


def quantities(*, order_ids: Collection[UUID]) -> dict[UUID, dict[UUID, int]]:
    """Units that each order wants of each product, the first order first, in order of product."""
    wanted: dict[UUID, dict[UUID, int]] = {}
    for order_id, product_id, units in db.run(_QUANTITIES, {"orders": list(order_ids)}):
        wanted.setdefault(order_id, {})[product_id] = units
    return wanted


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
    query = _narrowed(select(Order).order_by(Order.id.desc()).limit(limit), customer_id, shop_id)
    if status is not None:
        query = query.where(Order.status == status)
    if placed_since is not None:
        query = query.where(Order.placed_at >= placed_since)
    if after is not None:
        query = query.where(Order.id < after)
    return list(db.session().scalars(query))


def under_way(*, customer_id: UUID, now: datetime) -> bool:
    """Whether an order of the current customer is still on its way: not decided, not there, or may yet be shipped."""
    open_ones = or_(
        Order.status.in_(("pending", "fulfilling", "shipped")),
        and_(Order.status == "paid", Order.changed_at > now - SHIPPED_WITHIN),
    )
    return bool(db.session().scalar(select(exists().where(Order.customer_id == customer_id, open_ones))))


def _narrowed(query: Select[*Ts], customer_id: UUID | None, shop_id: UUID | None) -> Select[*Ts]:
    if customer_id is not None:
        query = query.where(Order.customer_id == customer_id)
    if shop_id is not None:
        query = query.where(Order.shop_id == shop_id)
    return query
