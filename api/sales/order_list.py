"""Listing orders: the filters of a request, and the orders that they find."""

from dataclasses import fields as dataclass_fields
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from api.auth.caller import CUSTOMER, Caller
from api.http.choices import Choice
from api.http.fields import QueryInteger, Text
from api.http.schemas import PageQuery
from api.sales import serializers
from domain.payments import queries as payments
from domain.sales import order_search
from domain.sales import queries as sales
from domain.sales.channels import CHANNELS
from domain.sales.headline import FULFILMENT_STATES, PAYMENT_STATES, STATUSES
from domain.sales.models import Order, OrderLine
from domain.sales.order_search import SORTS, OrderFilter
from kit import db
from kit.errors import Invalid
from kit.money import LARGEST_AMOUNT
from kit.paging import Page
from kit.tenancy import Tenant

_AMOUNT = validate.Range(min=0, max=LARGEST_AMOUNT)


class OrdersQuery(PageQuery):
    """Filters for the list of orders: those are listed to which all filters apply."""

    q = Text(
        load_default=None,
        metadata={
            "description": "A number, email address, SKU, payment reference or part of a name; for members only",
            "examples": ["2611-42"],
        },
    )
    shop_id = fields.UUID(load_default=None)
    customer_id = fields.UUID(load_default=None)
    status = Choice("OrderStatus", STATUSES, load_default=None)
    payment_state = Choice("OrderPaymentState", PAYMENT_STATES, load_default=None)
    fulfilment_state = Choice("OrderFulfilmentState", FULFILMENT_STATES, load_default=None)
    channel = Choice("OrderChannel", CHANNELS, load_default=None)
    sku = Text(load_default=None, metadata={"description": "Of one of the lines; for members only"})
    placed_since = fields.AwareDateTime(load_default=None)
    placed_until = fields.AwareDateTime(load_default=None, metadata={"description": "Exclusive"})
    total_from = QueryInteger(load_default=None, validate=_AMOUNT, metadata={"description": "Minor units"})
    total_until = QueryInteger(load_default=None, validate=_AMOUNT, metadata={"description": "Minor units, inclusive"})
    sort = Choice(
        "OrderSort",
        SORTS,
        load_default="-placed_at",
        metadata={"description": "With a minus, the newest or highest first"},
    )
    include = Choice("OrderInclude", ("lines",), load_default=None)


def orders(caller: Caller, query: dict[str, Any]) -> Page[dict[str, Any]]:
    """The orders that the caller may see and the query asks for, in the current transaction.

    Raises Invalid for a customer who searches by text or SKU: they see the lines of one order at a time.
    """
    if caller.role == CUSTOMER:
        for name in ("q", "sku"):
            if query[name] is not None:
                raise Invalid(fields={name: ["Only members of a company can search its orders."]})
        query["user_id"] = caller.user_id
    else:
        query["shop_id"] = caller.restrict_to_shop(query["shop_id"])
    text = query["text"] = query["q"]
    query["or_order_ids"] = payments.orders_with_reference(text) if text else ()
    wanted = OrderFilter(
        **{each.name: query[each.name] for each in dataclass_fields(OrderFilter) if each.name in query}
    )
    found = order_search.search(wanted, limit=query["limit"], after=query["after"], sort=query["sort"])
    lines = _lines_of(caller, found.data) if query["include"] else {}
    return found.map(lambda order: serializers.summary(order, lines.get(order.id), to_seller=caller.is_seller))


def _lines_of(caller: Caller, found: list[Order]) -> dict[UUID, list[OrderLine]]:
    """The lines by order. A customer's orders may be of several companies: the rest of the transaction acts for one."""
    lines: dict[UUID, list[OrderLine]] = {}
    for company_id in {order.company_id for order in found}:
        if caller.company_id is None:
            db.act_for(Tenant(company_id=company_id, user_id=caller.user_id))
        lines |= sales.lines_of(order_ids=[order.id for order in found if order.company_id == company_id])
    return lines
