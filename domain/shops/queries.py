"""Reading shops."""

from uuid import UUID

from sqlalchemy import select

from domain.shops.errors import ShopClosed, ShopNotFound
from domain.shops.models import Shop
from kit import db, tenancy
from kit.paging import Page, page


def the_shop(*, shop_id: UUID) -> Shop:
    """Return a shop of the current company; raises ShopNotFound."""
    shop = db.session().get(Shop, shop_id)
    if shop is None:
        raise ShopNotFound
    return shop


def the_open_shop(*, shop_id: UUID) -> Shop:
    """Return an open shop of the current company; raises ShopNotFound, ShopClosed."""
    shop = the_shop(shop_id=shop_id)
    if shop.closed_at is not None:
        raise ShopClosed
    return shop


def the_public_shop(*, slug: str) -> Shop:
    """Return the open shop with this slug, of whichever company; raises ShopNotFound."""
    session = db.session()
    tenancy.reveal_shop_by_slug(session, slug)
    shop = session.scalar(select(Shop).where(Shop.slug == slug, Shop.closed_at.is_(None)))
    if shop is None:
        raise ShopNotFound
    return shop


def shops(*, limit: int, after: UUID | None = None, shop_id: UUID | None = None) -> Page[Shop]:
    """List the current company's shops (or only the given one), the oldest first, after the one with the id `after`."""
    query = select(Shop) if shop_id is None else select(Shop).where(Shop.id == shop_id)
    return page(query, Shop.id, limit=limit, after=after)


def company_of(*, shop_id: UUID) -> UUID:
    """Return the company that owns the shop, for customers, who belong to no company; raises ShopNotFound."""
    session = db.session()
    tenancy.reveal_shop(session, shop_id)
    company_id = session.scalar(select(Shop.company_id).where(Shop.id == shop_id))
    if company_id is None:
        raise ShopNotFound
    return company_id
