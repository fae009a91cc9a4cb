"""What a shop offers whoever orders there: all that placing an order needs to know, read in one statement.

It looks into other areas' tables, as one look costs half of what each area's own would: see docs/decisions/0021.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.identity.errors import EmailUnverified, UserNotFound
from domain.payments import declines
from domain.payments.declines import LIMIT_REACHED_AT, Attempt
from domain.shops.errors import ShopNotFound
from domain.shops.selling import SELLING, refuse_unless_selling
from kit import db


class Customer(NamedTuple):
    """Who orders: a user with a verified mail address."""

    id: UUID
    name: str
    email: str


class Offered(NamedTuple):
    """A product, its price in minor units, and how many are not held for another order, over all warehouses."""

    id: UUID
    sku: str
    name: str
    price: int
    left: int


class Offer(NamedTuple):
    """The company's terms, and those of the wanted products that the shop sells, by id."""

    customer: Customer
    company: str
    currency: str
    most_discount: int
    """Percent; 0 where the company gives no discounts."""
    products: dict[UUID, Offered]


# The user is held until the transaction ends, lest they are erased while something is written under their name.
_OFFER = f"""
    SELECT u.id, u.name, u.email, u.verified_at, s.id, c.name, c.currency,
        CASE WHEN c.allows_discount THEN c.max_discount_percent ELSE 0 END, t.selling,
        {LIMIT_REACHED_AT},
        p.id, p.sku, p.name, p.price,
        coalesce((SELECT sum(on_hand - reserved) FROM stock WHERE product_id = p.id), 0)
    FROM users u
    LEFT JOIN (
        shops s JOIN companies c ON c.id = s.company_id
        CROSS JOIN LATERAL (SELECT {SELLING} AS selling OFFSET 0) t -- once, and not for every product
    ) ON s.id = %(shop)s
    LEFT JOIN products p ON p.shop_id = s.id AND p.id = ANY(%(products)s)
    WHERE u.id = %(customer)s
    FOR KEY SHARE OF u"""  # noqa: S608 - a constant of ours


def offer_to(
    *, customer_id: UUID, company_id: UUID, shop_id: UUID, product_ids: Collection[UUID], paying: Attempt, now: datetime
) -> Offer:
    """What the current company's shop offers the current user; raises ShopNotFound, UserNotFound, EmailUnverified.

    Also raises what keeps the shop from selling: ShopClosed, CompanySuspended, PlanLimitReached; and TooManyDeclines.
    """
    counted = declines.values(paying, customer_id=customer_id, company_id=company_id, now=now)
    rows = db.run(_OFFER, {**counted, "shop": shop_id, "products": list(product_ids)}).fetchall()
    if not rows:
        raise UserNotFound
    user_id, name, email, verified_at, known_shop, company, currency, most_discount, selling, limit_reached_at, *_ = (
        rows[0]
    )
    if known_shop is None:
        raise ShopNotFound
    if verified_at is None:
        raise EmailUnverified
    refuse_unless_selling(selling)
    declines.refuse_after(limit_reached_at, now=now)
    products = {row[10]: Offered(*row[10:]) for row in rows if row[10]}
    return Offer(Customer(user_id, name, email), company, currency, most_discount, products)
