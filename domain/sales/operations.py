"""Placing an order, and what becomes of it."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.catalogue import queries as catalogue
from domain.catalogue.models import Product
from domain.identity.models import User
from domain.inventory import queries as inventory
from domain.sales import transitions
from domain.sales.errors import OrderNotFound, SoldOut
from domain.sales.models import Order, OrderLine
from domain.shops import queries as shops
from kit import db, outbox
from kit.db import Json
from kit.errors import Invalid
from kit.ids import new_id
from kit.money import LARGEST_AMOUNT, Money


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many units of a product."""

    product_id: UUID
    quantity: int


def place(
    *,
    company_id: UUID,
    customer: User,
    shop_id: UUID,
    lines: Sequence[Wanted],
    discount_percent: int,
    shipping_address: Json,
    now: datetime,
) -> tuple[Order, list[OrderLine]]:
    """Write down a pending order and its lines at today's prices.

    Raises Invalid by field (the shop's products only, a discount only where the company allows one: seed A), SoldOut
    for what is known to be gone; what only the saga can find out ends the order later.
    """
    _, company = shops.the_seller(shop_id=shop_id)
    if discount_percent and not company.allows_discount:
        raise Invalid(fields={"discount_percent": [f"{company.name} gives no discounts; leave it out."]})
    products = _offered(shop_id, lines)
    subtotal = sum(
        (Money(products[line.product_id].price, company.currency) * line.quantity for line in lines),
        Money(0, company.currency),
    )
    if subtotal.amount > LARGEST_AMOUNT:
        raise Invalid(fields={"lines": [f"The order comes to more than {Money(LARGEST_AMOUNT, company.currency)}."]})
    _refuse_sold_out(products, lines)
    order = Order(
        id=new_id(), company_id=company_id, shop_id=shop_id, customer_id=customer.id, customer_email=customer.email,
        customer_name=customer.name, status="pending", currency=company.currency, subtotal=subtotal.amount,
        discount_percent=discount_percent, total=subtotal.less_percent(discount_percent).amount,
        shipping_address=shipping_address, version=1, placed_at=now, changed_at=now,
    )  # fmt: skip
    session = db.session()
    session.add(order)
    session.flush()
    written = [_line(order, position, line, products) for position, line in enumerate(lines)]
    session.add_all(written)
    _announce("order.created", order)
    return order, written


def _offered(shop_id: UUID, lines: Sequence[Wanted]) -> dict[UUID, Product]:
    products = catalogue.products_of(shop_id=shop_id, product_ids=[line.product_id for line in lines])
    unknown = {
        f"lines.{position}.product_id": ["This shop sells no such product."]
        for position, line in enumerate(lines)
        if line.product_id not in products
    }
    if unknown:
        raise Invalid(fields=unknown)
    return products


def _refuse_sold_out(products: dict[UUID, Product], lines: Sequence[Wanted]) -> None:
    left = inventory.available(product_ids=products.keys())
    for line in lines:
        if left.get(line.product_id, 0) == 0:
            raise SoldOut(f"{products[line.product_id].name} is sold out")


def _line(order: Order, position: int, line: Wanted, products: dict[UUID, Product]) -> OrderLine:
    product = products[line.product_id]
    return OrderLine(
        order_id=order.id, company_id=order.company_id, position=position, product_id=product.id, sku=product.sku,
        name=product.name, quantity=line.quantity, unit_price=product.price,
    )  # fmt: skip


def mark_paid(*, order_ids: Collection[UUID], now: datetime) -> None:
    """The sagas are done: the money is taken and the goods are the buyers'."""
    _move("order.completed", "paid", dict.fromkeys(order_ids), now)


def mark_failed(*, failures: Mapping[UUID, Json], now: datetime) -> None:
    """The sagas are undone; each order's failure says why, as `{"code", "step", "detail"}`."""
    _move("order.failed", "failed", failures, now)


def mark_cancelled(*, order_ids: Collection[UUID], now: datetime) -> None:
    """The buyers or the shop wanted it so, and everything is put back."""
    _move("order.cancelled", "cancelled", dict.fromkeys(order_ids), now)


_LOCK = """
    SELECT id, company_id, shop_id, customer_id, status, total, currency, failure, version
    FROM orders WHERE id = ANY(%(orders)s) ORDER BY id FOR UPDATE"""
_MOVE = """
    UPDATE orders SET status = %(status)s, failure = m.failure, version = m.version, changed_at = %(now)s
    FROM jsonb_to_recordset(%(moved)s) AS m (id uuid, failure jsonb, version int)
    WHERE orders.id = ANY(%(orders)s) AND orders.id = m.id"""


def _move(event: str, to: str, failures: Mapping[UUID, Json | None], now: datetime) -> None:
    """Put the orders into this status and announce it; raises OrderNotFound, or NotAllowedNow, and moves none then."""
    orders = [Order(**dict(zip(_LOCKED, row, strict=True))) for row in db.run(_LOCK, {"orders": list(failures)})]
    if len(orders) < len(failures):
        raise OrderNotFound
    for order in orders:
        transitions.move(order, to, now=now)
        order.failure = failures[order.id] or order.failure
    moved = [{"id": str(order.id), "failure": order.failure, "version": order.version} for order in orders]
    db.run(_MOVE, {"orders": list(failures), "status": to, "now": now, "moved": json.dumps(moved)})
    for order in orders:
        _announce(event, order)


_LOCKED = ("id", "company_id", "shop_id", "customer_id", "status", "total", "currency", "failure", "version")


def _announce(event: str, order: Order) -> None:
    data = {
        "order_id": str(order.id),
        "shop_id": str(order.shop_id),
        "customer_id": str(order.customer_id),
        "status": order.status,
        "total": {"amount": order.total, "currency": order.currency},
        "failure": order.failure,
    }
    outbox.publish(event, data, subject=order.id, company_id=order.company_id)
