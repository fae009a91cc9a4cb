"""Reading orders."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeVarTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, exists, or_, select

from domain.customers.models import Customer
from domain.sales.errors import OrderNotFound
from domain.sales.headline import FulfilmentState, PaymentState, State
from domain.sales.models import Order, OrderLine
from kit import db
from kit.db import Json
from kit.paging import Page, page

Ts = TypeVarTuple("Ts")

SHIPPED_WITHIN = timedelta(days=30)
"""An order needs its customer's address for this long after the payment."""


class OrderDetails(NamedTuple):
    """Details of an order for mails and events: amounts in minor units of `currency`, lines in their order."""

    order_id: UUID
    number: str
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


_READ_DETAILS = """
    SELECT o.id, o.number, o.company_id, s.name, c.name, c.email, o.customer_name, o.customer_email, o.subtotal,
        o.discount_percent, o.total, o.currency, o.shipping_address, o.failure, c.branding,
        (
            SELECT jsonb_agg(jsonb_build_object(
                'name', l.name, 'sku', l.sku, 'quantity', l.quantity, 'unit_price', l.unit_price) ORDER BY l.position)
            FROM order_lines l WHERE l.order_id = o.id
        )
    FROM orders o JOIN shops s ON s.id = o.shop_id JOIN companies c ON c.id = o.company_id
    WHERE o.id = ANY(%(orders)s)"""


def the_order(*, order_id: UUID, user_id: UUID | None = None, shop_id: UUID | None = None) -> Order:
    """Return an order of the current company (of the user or the shop, if given); raises OrderNotFound."""
    order = db.session().scalar(_filtered(select(Order).where(Order.id == order_id), user_id, shop_id))
    if order is None:
        raise OrderNotFound
    return order


def the_status(*, order_id: UUID, user_id: UUID | None = None, shop_id: UUID | None = None) -> Row[UUID, str, int]:
    """Return only (id, status, version) of an order, for frequent requests; raises OrderNotFound."""
    query = select(Order.id, Order.status, Order.version).where(Order.id == order_id)
    row = db.session().execute(_filtered(query, user_id, shop_id)).one_or_none()
    if row is None:
        raise OrderNotFound
    return row


class OrderOutcome(NamedTuple):
    """The columns of an order that its saga can change."""

    id: UUID
    status: str
    state: State
    payment_state: PaymentState
    fulfilment_state: FulfilmentState
    disputed: bool
    paid: int
    refunded: int
    failure: Json | None
    changed_at: datetime


_READ_OUTCOME = f"SELECT {', '.join(OrderOutcome._fields)} FROM orders WHERE id = %(order)s"  # noqa: S608 - constants only


def outcome(*, order_id: UUID) -> OrderOutcome:
    """Return the current outcome of the order; raises OrderNotFound."""
    row = db.run(_READ_OUTCOME, {"order": order_id}).fetchone()
    if row is None:
        raise OrderNotFound
    return OrderOutcome(*row)


# Built once, because building the statement takes longer than running it.
_LINES = (
    select(OrderLine)
    .where(OrderLine.order_id.in_(bindparam("orders", expanding=True)))
    .order_by(OrderLine.order_id, OrderLine.position)
)
_READ_ORDERED_PRODUCTS = """
    SELECT order_id, product_id, sum(quantity)::int, min(name), min(sku) FROM order_lines
    WHERE order_id = ANY(%(orders)s) GROUP BY order_id, product_id ORDER BY order_id, product_id"""


def lines_of(*, order_ids: Collection[UUID]) -> dict[UUID, list[OrderLine]]:
    """Return the lines of each order, in their order."""
    lines: dict[UUID, list[OrderLine]] = {order_id: [] for order_id in order_ids}
    for line in db.session().scalars(_LINES, {"orders": list(order_ids)}):
        lines[line.order_id].append(line)
    return lines


def order_details(*, order_ids: Sequence[UUID]) -> list[OrderDetails]:
    """Return the details of these orders, in any order; raises OrderNotFound."""
    rows = [OrderDetails(*row) for row in db.run(_READ_DETAILS, {"orders": list(order_ids)})]
    if len(rows) < len(set(order_ids)):
        raise OrderNotFound
    return rows


class OrderedProduct(NamedTuple):
    """The ordered units of a product, with its name and SKU at the time of the order."""

    product_id: UUID
    quantity: int
    name: str
    sku: str


def ordered_products(*, order_ids: Collection[UUID]) -> dict[UUID, list[OrderedProduct]]:
    """Return the products of each order, sorted by order and product."""
    ordered: dict[UUID, list[OrderedProduct]] = {}
    for order_id, *product in db.run(_READ_ORDERED_PRODUCTS, {"orders": list(order_ids)}):
        ordered.setdefault(order_id, []).append(OrderedProduct(*product))
    return ordered


def orders_of(
    *,
    limit: int,
    after: UUID | None = None,
    user_id: UUID,
) -> Page[Order]:
    """List the orders of a user, the newest first, after the one with the id `after`."""
    return page(select(Order).where(is_order_of(user_id)), Order.id, limit=limit, after=after, newest_first=True)


def has_orders_in_progress(*, user_id: UUID | None = None, customer_id: UUID | None = None, now: datetime) -> bool:
    """Check whether the current user, or else this customer, has an order that is pending, shipped or may be soon."""
    in_progress = or_(
        Order.status.in_(("pending", "fulfilling", "shipped")),
        and_(Order.status == "paid", Order.changed_at > now - SHIPPED_WITHIN),
    )
    buyer = is_order_of(user_id) if user_id else Order.customer_id == customer_id
    return bool(db.session().scalar(select(exists().where(buyer, in_progress))))


def is_order_of(user_id: UUID) -> ColumnElement[bool]:
    """The condition that the buyer of an order is this user."""
    return Order.customer_id.in_(select(Customer.id).where(Customer.user_id == user_id))


def _filtered(query: Select[*Ts], user_id: UUID | None, shop_id: UUID | None) -> Select[*Ts]:
    if user_id is not None:
        query = query.where(is_order_of(user_id))
    if shop_id is not None:
        query = query.where(Order.shop_id == shop_id)
    return query
