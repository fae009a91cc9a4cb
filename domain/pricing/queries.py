"""Reading price lists."""

from uuid import UUID

from sqlalchemy import select

from domain.pricing.errors import PriceListNotFound
from domain.pricing.models import ListPrice, PriceList
from kit import db
from kit.paging import Page, page


def the_price_list(*, price_list_id: UUID) -> PriceList:
    """Return a price list of the current company; raises PriceListNotFound."""
    price_list = db.session().get(PriceList, price_list_id)
    if price_list is None:
        raise PriceListNotFound
    return price_list


def price_lists(*, limit: int, after: UUID | None = None) -> Page[PriceList]:
    """List the current company's price lists, the oldest first, after the id `after`."""
    return page(select(PriceList), PriceList.id, limit=limit, after=after)


def list_prices(*, price_list_id: UUID, limit: int, after: UUID | None = None) -> Page[ListPrice]:
    """List the valid prices of a price list, the oldest first, after the id `after`."""
    query = select(ListPrice).filter_by(price_list_id=price_list_id, valid_until=None)
    return page(query, ListPrice.id, limit=limit, after=after)
