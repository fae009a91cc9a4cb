"""What a shop offers whoever orders there: all that placing an order needs to know, each time in one statement.

It looks into other areas' tables, as one look costs half of what each area's own would: see docs/decisions/0021.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.identity.errors import EmailUnverified, LoginOver, UserNotFound
from domain.identity.logins import IS_LIVE
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
        {LIMIT_REACHED_AT}, {IS_LIVE},
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
    *,
    customer_id: UUID,
    login_id: UUID | None,
    company_id: UUID,
    shop_id: UUID,
    product_ids: Collection[UUID],
    paying: Attempt,
    now: datetime,
) -> Offer:
    """What the current company's shop offers the current user in this login, if any; raises LoginOver.

    Also raises ShopNotFound, UserNotFound, EmailUnverified, TooManyDeclines, and what keeps the shop from selling:
    ShopClosed, CompanySuspended, PlanLimitReached.
    """
    counted = declines.values(paying, customer_id=customer_id, company_id=company_id, now=now)
    rows = db.run(_OFFER, {**counted, "login": login_id, "shop": shop_id, "products": list(product_ids)}).fetchall()
    if not rows:
        raise UserNotFound
    (
        user_id, name, email, verified_at, known_shop, company, currency, most_discount, selling, limit_reached_at,
        is_live, *_,
    ) = rows[0]  # fmt: skip
    if not is_live:
        raise LoginOver
    if known_shop is None:
        raise ShopNotFound
    if verified_at is None:
        raise EmailUnverified
    refuse_unless_selling(selling)
    declines.refuse_after(limit_reached_at, now=now)
    products = {row[11]: Offered(*row[11:]) for row in rows if row[11]}
    return Offer(Customer(user_id, name, email), company, currency, most_discount, products)


_CARD_TERMS = f"""
    SELECT c.accepts_raw_cards, {SELLING}, {LIMIT_REACHED_AT}, {IS_LIVE}
    FROM shops s JOIN companies c ON c.id = s.company_id WHERE s.id = %(shop)s"""  # noqa: S608 - a constant of ours


def accepts_card(
    *, customer_id: UUID, login_id: UUID | None, company_id: UUID, shop_id: UUID, paying: Attempt, now: datetime
) -> bool:
    """Whether the current company's shop takes a card from the current user, not only a token, in this login, if any.

    Raises LoginOver, ShopNotFound, TooManyDeclines, and what keeps the shop from selling.
    """
    counted = declines.values(paying, customer_id=customer_id, company_id=company_id, now=now)
    row = db.run(_CARD_TERMS, {**counted, "login": login_id, "shop": shop_id}).fetchone()
    if row is None:
        raise ShopNotFound
    accepts, selling, limit_reached_at, is_live = row
    if not is_live:
        raise LoginOver
    refuse_unless_selling(selling)
    declines.refuse_after(limit_reached_at, now=now)
    return bool(accepts)
