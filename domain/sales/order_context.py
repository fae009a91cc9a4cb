"""Everything needed to place an order, read in one statement.

The statement reads tables of other areas, because separate statements would cost twice as much: see
docs/decisions/0021. So higher areas add their own conditions to it, as a Precondition.
"""

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from domain.accounts.errors import EmailUnverified, SessionEnded, UserNotFound
from domain.accounts.sessions import IS_ACTIVE
from domain.catalogue.publication import IS_ON_SALE
from domain.pricing import quotes
from domain.shops.availability import AVAILABILITY, require_available
from domain.shops.errors import ShopNotFound
from kit import db
from kit.db import Json


class Precondition(Protocol):
    """A condition of a higher area for placing an order, read in the statement of this area.

    `column` is an SQL expression with constant text, whose parameters are `values`. Their names must not be those of
    the statement: `user`, `session`, `shop`, `products` and `now`.
    """

    @property
    def column(self) -> str: ...

    @property
    def values(self) -> Json: ...

    def require(self, value: Any) -> None:
        """Raise the area's error if the column's value does not allow the order."""


class Buyer(NamedTuple):
    """The buyer: a user with a verified email address. `customer_id` is None before the first order at the company."""

    user_id: UUID
    name: str
    email: str
    customer_id: UUID | None


class OrderableProduct(NamedTuple):
    """A variant of a product, its base price in minor units, and its units that are not reserved, in all warehouses."""

    id: UUID
    sku: str
    name: str
    price: int
    available: int
    min_quantity: int
    max_quantity: int | None
    quantity_step: int
    list_prices: list[list[Any]] | None
    """As `domain.pricing.quotes` selects them."""

    def unit_price(self, quantity: int) -> int:
        """The price of one of this number of units for the buyer, in minor units."""
        entry = quotes.applicable(self.list_prices, quantity)
        return self.price if entry is None else int(entry[1])


class OrderContext(NamedTuple):
    """The buyer, the company's terms, and those of the requested products that the shop sells, by id."""

    buyer: Buyer
    company: str
    currency: str
    max_discount_percent: int
    """0 if the company gives no discounts."""
    products: dict[UUID, OrderableProduct]


# FOR KEY SHARE prevents an erasure of the user while this transaction inserts rows that refer to the user.
@cache
def _context_query(condition: str) -> str:
    return f"""
    SELECT u.id, u.name, u.email, u.verified_at, s.id, c.name, c.currency,
        CASE WHEN c.allows_discount THEN c.max_discount_percent ELSE 0 END, t.availability,
        {condition}, {IS_ACTIVE},
        k.id, v.id, v.sku, CASE v.title WHEN '' THEN p.name ELSE p.name || ', ' || v.title END, v.price,
        coalesce((SELECT sum(on_hand - reserved) FROM stock WHERE product_id = v.id), 0),
        p.min_quantity, p.max_quantity, p.quantity_step, {quotes.LIST_PRICES}
    FROM users u
    LEFT JOIN (
        shops s JOIN companies c ON c.id = s.company_id
        CROSS JOIN LATERAL (SELECT {AVAILABILITY} AS availability OFFSET 0) t -- once, not for every product
    ) ON s.id = %(shop)s
    LEFT JOIN customers k ON k.company_id = s.company_id AND k.user_id = u.id
    LEFT JOIN (
        variants v JOIN products p ON p.id = v.product_id JOIN listings l ON l.product_id = p.id
    ) ON v.id = ANY(%(products)s) AND l.shop_id = s.id AND {IS_ON_SALE}
    WHERE u.id = %(user)s
    FOR KEY SHARE OF u"""  # noqa: S608 - constants only


def load(
    *,
    user_id: UUID,
    session_id: UUID | None,
    shop_id: UUID,
    product_ids: Collection[UUID],
    precondition: Precondition | None = None,
    now: datetime,
) -> OrderContext:
    """Read everything needed to place an order of the current user in a shop of the current company.

    Raises UserNotFound, SessionEnded, ShopNotFound, EmailUnverified, the error of the precondition, and if the shop
    accepts no orders CompanySuspended, ShopClosed or PlanLimitReached.
    """
    values = {"user": user_id, "session": session_id, "shop": shop_id, "products": list(product_ids), "now": now}
    condition, condition_values = _sql(precondition)
    rows = db.run(_context_query(condition), values | condition_values).fetchall()
    if not rows:
        raise UserNotFound
    (
        found_user_id, name, email, verified_at, found_shop_id, company, currency, max_discount_percent, availability,
        condition_value, is_active, customer_id, *_,
    ) = rows[0]  # fmt: skip
    if not is_active:
        raise SessionEnded
    if found_shop_id is None:
        raise ShopNotFound
    if verified_at is None:
        raise EmailUnverified
    require_available(availability, now=now)
    if precondition:
        precondition.require(condition_value)
    products = {row[12]: OrderableProduct(*row[12:]) for row in rows if row[12]}
    return OrderContext(
        Buyer(found_user_id, name, email, customer_id), company, currency, max_discount_percent, products
    )


@cache
def _card_terms_query(condition: str) -> str:
    return f"""
    SELECT c.accepts_raw_cards, {AVAILABILITY}, {condition}, {IS_ACTIVE}
    FROM shops s JOIN companies c ON c.id = s.company_id WHERE s.id = %(shop)s"""  # noqa: S608 - constants only


def accepts_raw_card(
    *,
    user_id: UUID,
    session_id: UUID | None,
    shop_id: UUID,
    precondition: Precondition | None = None,
    now: datetime,
) -> bool:
    """Check whether the current company accepts raw card data, instead of only tokens, from the current user.

    Raises SessionEnded, ShopNotFound, the error of the precondition, and if the shop accepts no orders
    CompanySuspended, ShopClosed or PlanLimitReached.
    """
    condition, condition_values = _sql(precondition)
    values = {"user": user_id, "session": session_id, "shop": shop_id}
    row = db.run(_card_terms_query(condition), values | condition_values).fetchone()
    if row is None:
        raise ShopNotFound
    accepts, availability, condition_value, is_active = row
    if not is_active:
        raise SessionEnded
    require_available(availability, now=now)
    if precondition:
        precondition.require(condition_value)
    return bool(accepts)


def _sql(precondition: Precondition | None) -> tuple[str, Json]:
    return (precondition.column, precondition.values) if precondition else ("NULL", {})
