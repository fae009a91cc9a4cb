"""Reading shops."""

from uuid import UUID

from sqlalchemy import select

from domain.shops.errors import ShopClosed, ShopNotFound
from domain.shops.models import Shop
from domain.shops.selling import SELLING, refuse_unless_selling
from kit import db, tenancy
from kit.paging import page


def the_shop(*, shop_id: UUID) -> Shop:
    """The shop of the current company; raises ShopNotFound."""
    shop = db.session().get(Shop, shop_id)
    if shop is None:
        raise ShopNotFound
    return shop


def the_open_shop(*, shop_id: UUID) -> Shop:
    """The shop of the current company; raises ShopNotFound, ShopClosed."""
    shop = the_shop(shop_id=shop_id)
    if shop.closed_at is not None:
        raise ShopClosed
    return shop


_ACCEPTS_RAW_CARDS = f"""
    SELECT c.accepts_raw_cards, {SELLING} FROM shops s JOIN companies c ON c.id = s.company_id WHERE s.id = %(shop)s"""  # noqa: S608


def accepts_raw_cards(*, shop_id: UUID) -> bool:
    """Whether the current company wants to be sent cards in its shop, not only tokens.

    Raises ShopNotFound, and what keeps it from selling: ShopClosed, CompanySuspended, PlanLimitReached.
    """
    row = db.run(_ACCEPTS_RAW_CARDS, {"shop": shop_id}).fetchone()
    if row is None:
        raise ShopNotFound
    accepts, selling = row
    refuse_unless_selling(selling)
    return bool(accepts)


def shops(*, limit: int, after: UUID | None = None, shop_id: UUID | None = None) -> list[Shop]:
    """The current company's shops (or the one of them), the oldest first, from behind `after`."""
    query = select(Shop) if shop_id is None else select(Shop).where(Shop.id == shop_id)
    return list(db.session().scalars(page(query, Shop.id, limit=limit, after=after)))


def company_of(*, shop_id: UUID) -> UUID:
    """The company that owns the shop, for buyers, who enter a company through its shops; raises ShopNotFound."""
    session = db.session()
    tenancy.visit(session, shop_id)
    company_id = session.scalar(select(Shop.company_id).where(Shop.id == shop_id))
    if company_id is None:
        raise ShopNotFound
    return company_id
