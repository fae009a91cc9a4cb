"""Create, list, show and change products."""

from typing import Any
from uuid import UUID

from api.auth.transactions import request_transaction, shop_transaction
from api.catalogue.schemas import InShopQuery, NewProductSchema, ProductChangeSchema, ProductSchema, ProductsQuery
from api.catalogue.visibility import is_member, visible_product
from api.http.blueprint import Blueprint
from api.http.etags import WithHeaders, created, expected_versions, with_etag
from api.http.openapi import IF_MATCH_HEADER, IF_NONE_MATCH_HEADER
from api.http.schemas import page_of
from domain.catalogue import products, queries
from domain.catalogue.models import Product
from kit import clock
from kit.errors import Invalid
from kit.paging import Page

blueprint = Blueprint("products", __name__, url_prefix="/api/products", description="Products")


@blueprint.post("")
@blueprint.requires("write_products")
@blueprint.arguments(NewProductSchema)
@blueprint.response(201, ProductSchema)
@blueprint.alt_response(409, "Conflict")
def create_product(body: dict[str, Any]) -> WithHeaders[Product]:
    """Create a product in one of your shops.

    The price is in your company's currency. It must be an amount that can be charged to cards: a multiple of 10 minor
    units in BHD, JOD, KWD, OMR and TND, and of 100 in MGA. The product is sold out until you set its stock level.
    """
    with request_transaction() as caller:
        if caller.shop_id not in (None, body["shop_id"]):
            raise Invalid(fields={"shop_id": ["You have no shop with this id."]})
        product = products.create_product(company_id=caller.company_id, now=clock.now(), **body)
    return created(product, f"/api/products/{product.id}")


@blueprint.get("")
@blueprint.requires("read_products")
@blueprint.arguments(ProductsQuery, location="query")
@blueprint.response(200, page_of(ProductSchema))
@blueprint.alt_response(404, "NotFound")
def list_products(query: dict[str, Any]) -> Page[Product]:
    """List the products of a shop or of your company, oldest first.

    Customers must send a `shop_id`, and see what is on sale now. Members who work in one shop see the products of that
    shop.
    """
    with shop_transaction(query.pop("shop_id")) as shop_id:
        return queries.products(shop_id=shop_id, on_sale_at=None if is_member() else clock.now(), **query)


@blueprint.get("/<uuid:product_id>")
@blueprint.requires("read_products")
@blueprint.doc(parameters=[IF_NONE_MATCH_HEADER])
@blueprint.arguments(InShopQuery, location="query")
@blueprint.response(200, ProductSchema)
def get_product(query: dict[str, Any], product_id: UUID) -> WithHeaders[Product]:
    """Show a product.

    Customers must send its `shop_id`.
    """
    with shop_transaction(query["shop_id"]) as shop_id:
        product = visible_product(product_id, shop_id)
    return with_etag(product)


@blueprint.patch("/<uuid:product_id>")
@blueprint.requires("write_products")
@blueprint.doc(parameters=[IF_MATCH_HEADER])
@blueprint.arguments(ProductChangeSchema)
@blueprint.response(200, ProductSchema)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(412, "PreconditionFailed")
def update_product(body: dict[str, Any], product_id: UUID) -> WithHeaders[Product]:
    """Change a product.

    Existing orders keep the old price. Send the last `ETag` as `If-Match` to refuse the change if somebody else has
    changed the product meanwhile.
    """
    with request_transaction() as caller:
        product = products.change_product(
            product_id=product_id, shop_id=caller.shop_id, expected_versions=expected_versions(), **body
        )
    return with_etag(product)
