"""Offering, finding and changing products."""

from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.catalogue.schemas import InShopQuery, NewProductSchema, ProductChangeSchema, ProductSchema, ProductsQuery
from api.etags import etag, expected_versions
from api.openapi import IF_MATCH, IF_NONE_MATCH
from api.schemas import page, page_of
from api.tenant import acting, at_shop
from domain.catalogue import operations, queries
from domain.catalogue.models import Product
from kit.errors import Invalid

blueprint = Blueprint("products", __name__, url_prefix="/api/products", description="What shops sell")


@blueprint.post("")
@blueprint.arguments(NewProductSchema)
@blueprint.response(201, ProductSchema)
@blueprint.alt_response(409, "Conflict")
def offer_product(body: dict[str, Any]) -> tuple[Product, dict[str, str]]:
    """Put a product up for sale in a shop of yours.

    The price is in your company's currency, and an amount that cards can be charged: a multiple of 10 minor units in
    BHD, JOD, KWD, OMR and TND, and of 100 in MGA. Give it stock next: until then it is sold out.
    """
    with acting() as caller:
        if caller.shop_id not in (None, body["shop_id"]):
            raise Invalid(fields={"shop_id": ["You have no such shop."]})
        product = operations.create_product(company_id=caller.company_id, **body)
    return product, {"Location": f"/api/products/{product.id}", **etag(product.version)}


@blueprint.get("")
@blueprint.arguments(ProductsQuery, location="query")
@blueprint.response(200, page_of(ProductSchema))
@blueprint.alt_response(404, "NotFound")
def list_products(query: dict[str, Any]) -> dict[str, Any]:
    """List products, the oldest first: a shop's, or your company's.

    Customers name the shop. Whoever works in one shop sees that one's.
    """
    with at_shop(query["shop_id"]) as shop_id:
        products = queries.products(limit=query["limit"] + 1, after=query["after"], shop_id=shop_id)
        return page(products, query["limit"])


@blueprint.get("/<uuid:product_id>")
@blueprint.doc(parameters=[IF_NONE_MATCH])
@blueprint.arguments(InShopQuery, location="query")
@blueprint.response(200, ProductSchema)
def get_product(query: dict[str, Any], product_id: UUID) -> tuple[Product, dict[str, str]]:
    """Show a product.

    Customers name its shop.
    """
    with at_shop(query["shop_id"]) as shop_id:
        product = queries.the_product(product_id=product_id, shop_id=shop_id)
    return product, etag(product.version)


@blueprint.patch("/<uuid:product_id>")
@blueprint.doc(parameters=[IF_MATCH])
@blueprint.arguments(ProductChangeSchema)
@blueprint.response(200, ProductSchema)
@blueprint.alt_response(412, "PreconditionFailed")
def change_product(body: dict[str, Any], product_id: UUID) -> tuple[Product, dict[str, str]]:
    """Change a product's name or price.

    Orders keep the price of the moment they were placed. Send the ETag you read as `If-Match` and the change is
    refused when somebody else's came first.
    """
    with acting() as caller:
        product = operations.change_product(
            product_id=product_id, shop_id=caller.shop_id, expected_versions=expected_versions(), **body
        )
    return product, etag(product.version)
