"""Reading shops."""

from uuid import UUID

from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from domain.companies.models import Company
from domain.shops.errors import ShopClosed, ShopNotFound
from domain.shops.models import Shop
from domain.shops.selling import SELLING, refuse_unless_selling
from kit import db, tenancy


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


_S, _C = aliased(Shop, name="s"), aliased(Company, name="c")
_THE_SELLER = (
    select(_S, _C, literal_column(SELLING, JSONB)).join(_C, _C.id == _S.company_id).where(_S.id == bindparam("shop"))
)


def the_seller(*, shop_id: UUID) -> tuple[Shop, Company]:
    """The current company's shop, and the company, to order from.

    Raises ShopNotFound, and what keeps them from selling: ShopClosed, CompanySuspended, PlanLimitReached.
    """
    row = db.session().execute(_THE_SELLER, {"shop": shop_id}).one_or_none()
    if row is None:
        raise ShopNotFound
    shop, company, selling = row
    refuse_unless_selling(selling)
    return shop, company


def shops(*, limit: int, after: UUID | None = None, shop_id: UUID | None = None) -> list[Shop]:
    """The current company's shops (or the one of them), the oldest first, from behind `after`."""
    query = select(Shop).order_by(Shop.id).limit(limit)
    if shop_id is not None:
        query = query.where(Shop.id == shop_id)
    return list(db.session().scalars(query.where(Shop.id > after) if after else query))


def company_of(*, shop_id: UUID) -> UUID:
    """The company that owns the shop, for buyers, who enter a company through its shops; raises ShopNotFound."""
    session = db.session()
    tenancy.visit(session, shop_id)
    company_id = session.scalar(select(Shop.company_id).where(Shop.id == shop_id))
    if company_id is None:
        raise ShopNotFound
    return company_id
