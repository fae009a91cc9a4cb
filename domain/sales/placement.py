"""Placing orders."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.catalogue.publication import quantity_error
from domain.customers import records as customers
from domain.sales import order_context
from domain.sales.errors import OutOfStock, not_enough
from domain.sales.events import ORDER_CREATED, OrderCreated, OrderLine
from domain.sales.new_order import LineRequest, NewLine, NewOrder, OrderOptions
from domain.sales.order_context import Buyer, OrderContext, Precondition
from domain.sales.totals import Totals
from kit import db
from kit.charge_limits import charge_limits
from kit.db import Json
from kit.errors import Invalid
from kit.ids import new_id
from kit.messaging import events
from kit.money import Money

WITHOUT_OPTIONS = OrderOptions()


def place(
    *,
    company_id: UUID,
    user_id: UUID,
    session_id: UUID | None = None,
    shop_id: UUID,
    lines: Sequence[LineRequest],
    discount_percent: int,
    shipping_address: Json,
    options: OrderOptions = WITHOUT_OPTIONS,
    now: datetime,
    precondition: Precondition | None = None,
) -> NewOrder:
    """Create a pending order of the current user at current prices.

    Raises SessionEnded, EmailUnverified, ShopNotFound, the error of the precondition, OutOfStock for products without
    stock, and Invalid by field: for products of other shops, for a discount that the company does not allow, and for a
    total that cannot be charged. Other problems are found by the order's saga, which then fails the order.
    """
    product_ids = [line.product_id for line in lines]
    context = order_context.load(
        user_id=user_id, session_id=session_id, shop_id=shop_id, product_ids=product_ids, now=now,
        precondition=precondition,
    )  # fmt: skip
    _validate_discount(context, discount_percent)
    _validate_products(context, lines)
    _validate_quantities(context, lines)
    items = sum(
        (
            Money(context.products[line.product_id].unit_price(line.quantity), context.currency) * line.quantity
            for line in lines
        ),
        Money(0, context.currency),
    )
    discounts = items - _payable(items, discount_percent)
    totals = Totals(items=items.amount, discounts=discounts.amount, shipping=0, fees=0, tax=0, tax_included=True)
    _require_stock(context, lines)
    buyer = context.buyer
    order = NewOrder(
        id=new_id(), company_id=company_id, shop_id=shop_id, customer_id=_customer_id(buyer, company_id),
        customer_email=buyer.email, customer_name=buyer.name, currency=context.currency,
        discount_percent=discount_percent, totals=totals, shipping_address=shipping_address, options=options,
        placed_at=now, changed_at=now,
        lines=[_line(line, context) for line in lines],
    )  # fmt: skip
    _write(order)
    _announce(order)
    return order


def _customer_id(buyer: Buyer, company_id: UUID) -> UUID:
    """The id of the company's record of the buyer; their first order creates it."""
    return buyer.customer_id or customers.find_or_create_for_user(
        company_id=company_id, user_id=buyer.user_id, name=buyer.name, email=buyer.email
    )


def _validate_discount(context: OrderContext, percent: int) -> None:
    if percent > context.max_discount_percent:
        allowed = (
            f"at most {context.max_discount_percent} % discount" if context.max_discount_percent else "no discounts"
        )
        raise Invalid(fields={"discount_percent": [f"{context.company} allows {allowed}."]})


def _validate_products(context: OrderContext, lines: Sequence[LineRequest]) -> None:
    unknown = {
        f"lines.{position}.product_id": ["This shop has no such product."]
        for position, line in enumerate(lines)
        if line.product_id not in context.products
    }
    if unknown:
        raise Invalid(fields=unknown)


def _validate_quantities(context: OrderContext, lines: Sequence[LineRequest]) -> None:
    wrong = {}
    for position, line in enumerate(lines):
        product = context.products[line.product_id]
        error = quantity_error(
            line.quantity, minimum=product.min_quantity, maximum=product.max_quantity, step=product.quantity_step
        )
        if error:
            wrong[f"lines.{position}.quantity"] = [error]
    if wrong:
        raise Invalid(fields=wrong)


def _payable(items: Money, discount_percent: int) -> Money:
    """Return the total after the discount, rounded down to an amount that can be charged in the currency.

    Raises Invalid for a total that is too small or too large. A total of 0 is valid: it needs no payment provider.
    """
    limits = charge_limits(items.currency)
    total = items.minus_percent(discount_percent).rounded_down(limits.step)
    minimum, maximum = Money(limits.minimum, total.currency), Money(limits.maximum, total.currency)
    if items.amount > maximum.amount:
        raise Invalid(fields={"lines": [f"The total is more than {maximum}, the largest amount that can be charged."]})
    if 0 < total.amount < minimum.amount:
        raise Invalid(
            fields={"lines": [f"The total is {total}, less than {minimum}, the smallest amount that can be charged."]}
        )
    return total


def _require_stock(context: OrderContext, lines: Sequence[LineRequest]) -> None:
    for line in lines:
        product = context.products[line.product_id]
        if product.available == 0:
            raise OutOfStock(not_enough(name=product.name, sku=product.sku))


def _line(request: LineRequest, context: OrderContext) -> NewLine:
    product = context.products[request.product_id]
    unit_price = product.unit_price(request.quantity)
    return NewLine(new_id(), product.id, product.sku, product.name, request.quantity, unit_price)


_ADD_ORDER = """
    INSERT INTO orders (id, company_id, shop_id, customer_id, customer_email, customer_name, status, currency, subtotal,
        discount_percent, discounts, shipping, fees, tax, tax_included, total, shipping_address, billing_address,
        phone, note, channel, version, placed_at, changed_at)
    VALUES (%(order)s, %(company)s, %(shop)s, %(customer)s, %(email)s, %(name)s, %(status)s, %(currency)s,
        %(items)s, %(discount)s, %(discounts)s, %(shipping)s, %(fees)s, %(tax)s, %(tax_included)s, %(total)s,
        %(address)s, %(billing_address)s, %(phone)s, %(note)s, %(channel)s, %(version)s, %(now)s, %(now)s)
    RETURNING number"""
_ADD_LINES = """
    INSERT INTO order_lines (id, order_id, position, company_id, product_id, sku, name, quantity, unit_price)
    SELECT l.id, %(order)s, l.position - 1, %(company)s, l.product_id, l.sku, l.name, l.quantity, l.unit_price
    FROM ROWS FROM (jsonb_to_recordset(%(lines)s) AS (
        id uuid, product_id uuid, sku text, name text, quantity int, unit_price bigint))
        WITH ORDINALITY AS l (id, product_id, sku, name, quantity, unit_price, position)"""


def _write(order: NewOrder) -> None:
    totals = order.totals
    values = {
        "order": order.id, "company": order.company_id, "shop": order.shop_id, "customer": order.customer_id,
        "email": order.customer_email, "name": order.customer_name, "status": order.status,
        "currency": order.currency, "discount": order.discount_percent,
        "items": totals.items, "discounts": totals.discounts, "shipping": totals.shipping, "fees": totals.fees,
        "tax": totals.tax, "tax_included": totals.tax_included, "total": totals.total,
        "address": db.as_json(order.shipping_address),
        "billing_address": order.billing_address and db.as_json(order.billing_address), "phone": order.phone,
        "note": order.note, "channel": order.channel, "version": order.version,
        "now": order.placed_at, "lines": db.as_json([line._asdict() for line in order.lines]),
    }  # fmt: skip

    def receive(row: tuple[str]) -> None:
        (order.number,) = row

    db.insert(values, _ADD_LINES)
    db.insert_returning(values, _ADD_ORDER, receive)


def _announce(order: NewOrder) -> None:
    lines = [
        OrderLine(line.product_id, line.sku, line.quantity, Money(line.unit_price, order.currency))
        for line in order.lines
    ]
    payload = OrderCreated(
        order.id, order.shop_id, order.customer_id, order.status, Money(order.total, order.currency),
        placed_at=order.placed_at, lines=lines,
    )  # fmt: skip
    events.publish_about(order, ORDER_CREATED, payload)
