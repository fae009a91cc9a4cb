"""Create, list, show and change price lists, and quote prices."""

from typing import Any
from uuid import UUID

from api.auth.transactions import request_transaction, shop_transaction
from api.http.blueprint import Blueprint
from api.http.etags import WithHeaders, created, expected_versions, with_etag
from api.http.openapi import IF_MATCH_HEADER, IF_NONE_MATCH_HEADER
from api.http.schemas import PageQuery, page_of
from api.pricing.schemas import (
    ListPricesChangeSchema,
    ListPriceSchema,
    NewPriceListSchema,
    PriceListChangeSchema,
    PriceListSchema,
    QuotesQuery,
    QuotesSchema,
)
from domain.pricing import price_lists, queries, quotes
from domain.pricing.models import ListPrice, PriceList
from domain.pricing.quotes import Quote
from kit import clock
from kit.paging import Page

lists = Blueprint("price_lists", __name__, url_prefix="/api/price-lists", description="Price lists")
prices = Blueprint("prices", __name__, url_prefix="/api/prices", description="Prices")


@lists.post("")
@lists.requires("write_prices")
@lists.arguments(NewPriceListSchema)
@lists.response(201, PriceListSchema)
def create_price_list(body: dict[str, Any]) -> WithHeaders[PriceList]:
    """Create a price list: for a shop or all, for a group of customers or everybody, and for a time.

    To change the shop, the group, the priority or `is_sale` later, end the list and create another one: the prices
    that were offered are kept, to know the lowest price before a reduction.
    """
    with request_transaction() as caller:
        price_list = price_lists.create(company_id=caller.company_id, now=clock.now(), **body)
    return created(price_list, f"/api/price-lists/{price_list.id}")


@lists.get("")
@lists.requires("read_prices")
@lists.arguments(PageQuery, location="query")
@lists.response(200, page_of(PriceListSchema))
def list_price_lists(query: dict[str, Any]) -> Page[PriceList]:
    """List the price lists of your company, oldest first."""
    with request_transaction():
        return queries.price_lists(**query)


@lists.get("/<uuid:price_list_id>")
@lists.requires("read_prices")
@lists.doc(parameters=[IF_NONE_MATCH_HEADER])
@lists.response(200, PriceListSchema)
def get_price_list(price_list_id: UUID) -> WithHeaders[PriceList]:
    """Show a price list."""
    with request_transaction():
        return with_etag(queries.the_price_list(price_list_id=price_list_id))


@lists.patch("/<uuid:price_list_id>")
@lists.requires("write_prices")
@lists.doc(parameters=[IF_MATCH_HEADER])
@lists.arguments(PriceListChangeSchema)
@lists.response(200, PriceListSchema)
@lists.alt_response(412, "PreconditionFailed")
def update_price_list(body: dict[str, Any], price_list_id: UUID) -> WithHeaders[PriceList]:
    """Change the name or the time of a price list. The past cannot be changed."""
    with request_transaction():
        price_list = price_lists.change(
            price_list_id=price_list_id, now=clock.now(), expected_versions=expected_versions(), **body
        )
    return with_etag(price_list)


@lists.put("/<uuid:price_list_id>/prices")
@lists.requires("write_prices")
@lists.doc(parameters=[IF_MATCH_HEADER])
@lists.arguments(ListPricesChangeSchema)
@lists.response(200, PriceListSchema)
@lists.alt_response(412, "PreconditionFailed")
def set_list_prices(body: dict[str, Any], price_list_id: UUID) -> WithHeaders[PriceList]:
    """Set or remove prices of variants in a list; the others stay. Existing orders keep their prices."""
    with request_transaction():
        price_list = price_lists.set_prices(
            price_list_id=price_list_id, now=clock.now(), expected_versions=expected_versions(), **body
        )
    return with_etag(price_list)


@lists.get("/<uuid:price_list_id>/prices")
@lists.requires("read_prices")
@lists.arguments(PageQuery, location="query")
@lists.response(200, page_of(ListPriceSchema))
def list_list_prices(query: dict[str, Any], price_list_id: UUID) -> Page[ListPrice]:
    """List the prices that are in a price list now."""
    with request_transaction():
        queries.the_price_list(price_list_id=price_list_id)
        return queries.list_prices(price_list_id=price_list_id, **query)


@prices.get("")
@prices.requires("read_prices")
@prices.arguments(QuotesQuery, location="query")
@prices.response(200, QuotesSchema)
@prices.alt_response(404, "NotFound")
def list_prices(query: dict[str, Any]) -> dict[str, list[Quote]]:
    """Quote what variants cost in a shop: for whom, when, and why.

    Variants that your company does not have are left out.
    """
    with shop_transaction(query["shop_id"]):
        quoted = quotes.quote(
            shop_id=query["shop_id"], quantities=dict.fromkeys(query["variant_id"], query["quantity"]),
            customer_id=query["customer_id"], now=query["at"] or clock.now(),
        )  # fmt: skip
    return {"data": list(quoted.values())}
