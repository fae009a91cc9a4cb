"""Placing an order, and what becomes of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.payments.declines import Attempt
from domain.payments.stripe_amounts import charge_limits
from domain.sales import offers, transitions
from domain.sales.errors import OrderNotFound, SoldOut, not_enough
from domain.sales.models import Order
from domain.sales.offers import Offer
from kit import db
from kit.db import Json
from kit.errors import Invalid
from kit.ids import new_id
from kit.messaging import outbox
from kit.money import Money


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many units of a product."""

    product_id: UUID
    quantity: int


class NewLine(NamedTuple):
    """One product of a new order, as OrderLine keeps it."""

    product_id: UUID
    sku: str
    name: str
    quantity: int
    unit_price: int


@dataclass(frozen=True, slots=True)
class NewOrder:
    """A pending order, as Order keeps it, and its lines in their order."""

    id: UUID
    company_id: UUID
    shop_id: UUID
    customer_id: UUID
    customer_email: str
    customer_name: str
    currency: str
    subtotal: int
    discount_percent: int
    total: int
    shipping_address: Json
    placed_at: datetime
    changed_at: datetime
    lines: list[NewLine]
    status: str = "pending"
    failure: None = None
    version: int = 1


def place(
    *,
    company_id: UUID,
    customer_id: UUID,
    login_id: UUID | None = None,
    shop_id: UUID,
    lines: Sequence[Wanted],
    discount_percent: int,
    shipping_address: Json,
    paying: Attempt,
    now: datetime,
) -> NewOrder:
    """Write down a pending order of the current user and its lines at today's prices.

    Raises LoginOver when they place it in a login that has ended; EmailUnverified, ShopNotFound and TooManyDeclines;
    Invalid by field (the shop's products only, a discount only where the company allows one: seed A; a total that can
    be charged); SoldOut for what is known to be gone. What only the saga can find out ends it later.
    """
    product_ids = [line.product_id for line in lines]
    offer = offers.offer_to(
        customer_id=customer_id, login_id=login_id, company_id=company_id, shop_id=shop_id, product_ids=product_ids,
        paying=paying, now=now,
    )  # fmt: skip
    _refuse_discount_beyond(offer, discount_percent)
    _refuse_unknown(offer, lines)
    subtotal = sum(
        (Money(offer.products[line.product_id].price, offer.currency) * line.quantity for line in lines),
        Money(0, offer.currency),
    )
    total = _payable(subtotal, discount_percent)
    _refuse_sold_out(offer, lines)
    order = NewOrder(
        id=new_id(), company_id=company_id, shop_id=shop_id, customer_id=offer.customer.id,
        customer_email=offer.customer.email, customer_name=offer.customer.name, currency=offer.currency,
        subtotal=subtotal.amount, discount_percent=discount_percent,
        total=total.amount, shipping_address=shipping_address, placed_at=now, changed_at=now,
        lines=[_line(line, offer) for line in lines],
    )  # fmt: skip
    _write(order)
    _announce("order.created", order)
    return order


def _refuse_discount_beyond(offer: Offer, percent: int) -> None:
    if percent > offer.most_discount:
        most = f"at most {offer.most_discount} % discount" if offer.most_discount else "no discounts; leave it out"
        raise Invalid(fields={"discount_percent": [f"{offer.company} gives {most}."]})


def _refuse_unknown(offer: Offer, lines: Sequence[Wanted]) -> None:
    unknown = {
        f"lines.{position}.product_id": ["This shop sells no such product."]
        for position, line in enumerate(lines)
        if line.product_id not in offer.products
    }
    if unknown:
        raise Invalid(fields=unknown)


def _payable(subtotal: Money, discount_percent: int) -> Money:
    """What is left after the discount, rounded down to what can be charged in the currency; raises Invalid.

    Nothing at all is fine: what costs nothing asks no payment provider.
    """
    limits = charge_limits(subtotal.currency)
    total = subtotal.minus_percent(discount_percent).rounded_down(limits.step)
    least, most = Money(limits.least, total.currency), Money(limits.most, total.currency)
    if subtotal.amount > most.amount:
        raise Invalid(fields={"lines": [f"The order comes to more than {most}, the most that can be paid at once."]})
    if 0 < total.amount < least.amount:
        raise Invalid(fields={"lines": [f"The order comes to {total}; the least that can be paid is {least}."]})
    return total


def _refuse_sold_out(offer: Offer, lines: Sequence[Wanted]) -> None:
    for line in lines:
        product = offer.products[line.product_id]
        if product.left == 0:
            raise SoldOut(not_enough(name=product.name, sku=product.sku))


def _line(wanted: Wanted, offer: Offer) -> NewLine:
    product = offer.products[wanted.product_id]
    return NewLine(product.id, product.sku, product.name, wanted.quantity, product.price)


_ADD_ORDER = """
    INSERT INTO orders (id, company_id, shop_id, customer_id, customer_email, customer_name, status, currency, subtotal,
        discount_percent, total, shipping_address, version, placed_at, changed_at)
    VALUES (%(order)s, %(company)s, %(shop)s, %(customer)s, %(email)s, %(name)s, %(status)s, %(currency)s,
        %(subtotal)s, %(discount)s, %(total)s, %(address)s, %(version)s, %(now)s, %(now)s)"""
_ADD_LINES = """
    INSERT INTO order_lines (order_id, position, company_id, product_id, sku, name, quantity, unit_price)
    SELECT %(order)s, l.position - 1, %(company)s, l.product_id, l.sku, l.name, l.quantity, l.unit_price
    FROM ROWS FROM (jsonb_to_recordset(%(lines)s) AS (
        product_id uuid, sku text, name text, quantity int, unit_price bigint))
        WITH ORDINALITY AS l (product_id, sku, name, quantity, unit_price, position)"""


def _write(order: NewOrder) -> None:
    values = {
        "order": order.id, "company": order.company_id, "shop": order.shop_id, "customer": order.customer_id,
        "email": order.customer_email, "name": order.customer_name, "status": order.status,
        "currency": order.currency, "subtotal": order.subtotal, "discount": order.discount_percent,
        "total": order.total, "address": db.as_json(order.shipping_address), "version": order.version,
        "now": order.placed_at, "lines": db.as_json([line._asdict() for line in order.lines]),
    }  # fmt: skip
    db.insert(values, _ADD_ORDER, _ADD_LINES)


def mark_paid(*, order_ids: Collection[UUID], now: datetime) -> list[Order]:
    """The sagas are done: the money is taken and the goods are the buyers'."""
    return _move("order.completed", "paid", dict.fromkeys(order_ids), now)


def mark_failed(*, failures: Mapping[UUID, Json], now: datetime) -> list[Order]:
    """The sagas are undone; each order's failure says why, as `{"code", "step", "detail"}`."""
    return _move("order.failed", "failed", failures, now)


def mark_cancelled(*, order_ids: Collection[UUID], now: datetime) -> list[Order]:
    """The buyers or the shop wanted it so, and everything is put back."""
    return _move("order.cancelled", "cancelled", dict.fromkeys(order_ids), now)


_LOCK = """
    SELECT id, company_id, shop_id, customer_id, status, total, currency, failure, version, placed_at
    FROM orders WHERE id = ANY(%(orders)s) ORDER BY id FOR UPDATE"""
_MOVE = """
    UPDATE orders SET status = %(status)s, failure = m.failure, version = m.version, changed_at = %(now)s
    FROM jsonb_to_recordset(%(moved)s) AS m (id uuid, failure jsonb, version int)
    WHERE orders.id = ANY(%(orders)s) AND orders.id = m.id"""


def _move(event: str, to: str, failures: Mapping[UUID, Json | None], now: datetime) -> list[Order]:
    """Put the orders into this status and announce it; returns what the status, the event and a log line tell of them.

    Raises OrderNotFound, or NotAllowedNow, and moves none then.
    """
    orders = [Order(**dict(zip(_LOCKED, row, strict=True))) for row in db.run(_LOCK, {"orders": list(failures)})]
    if len(orders) < len(failures):
        raise OrderNotFound
    for order in orders:
        transitions.move(order, to, now=now)
        order.failure = failures[order.id] or order.failure
    moved = [{"id": order.id, "failure": order.failure, "version": order.version} for order in orders]
    db.run(_MOVE, {"orders": list(failures), "status": to, "now": now, "moved": db.as_json(moved)})
    for order in orders:
        _announce(event, order)
    return orders


_LOCKED = (
    "id", "company_id", "shop_id", "customer_id", "status", "total", "currency", "failure", "version", "placed_at",
)  # fmt: skip


def _announce(event: str, order: Order | NewOrder) -> None:
    data = {
        "order_id": str(order.id),
        "shop_id": str(order.shop_id),
        "customer_id": str(order.customer_id),
        "status": order.status,
        "total": {"amount": order.total, "currency": order.currency},
        "failure": order.failure,
    }
    outbox.publish(event, data, subject=order.id, company_id=order.company_id)
