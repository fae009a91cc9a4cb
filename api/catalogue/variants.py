"""Set, list and change the variants of a product, and the shops that sell it."""

from typing import Any
from uuid import UUID

from api.auth.transactions import request_transaction, shop_transaction
from api.catalogue.schemas import ProductSchema
from api.catalogue.variant_schemas import (
    ListingsSchema,
    VariantChangeSchema,
    VariantSchema,
    VariantsOfProductSchema,
    VariantsQuery,
)
from api.catalogue.visibility import visible_product
from api.http.blueprint import Blueprint
from api.http.etags import WithHeaders, expected_versions, with_etag
from api.http.openapi import IF_MATCH_HEADER
from api.http.schemas import page_of
from domain.catalogue import listings, queries, variants
from domain.catalogue.models import Listing, Product, Variant
from kit.paging import Page

blueprint = Blueprint(
    "variants", __name__, url_prefix="/api/products/<uuid:product_id>", description="Variants of products"
)


@blueprint.put("/variants")
@blueprint.requires("write_products")
@blueprint.doc(parameters=[IF_MATCH_HEADER])
@blueprint.arguments(VariantsOfProductSchema)
@blueprint.response(200, ProductSchema)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(412, "PreconditionFailed")
def set_product_variants(body: dict[str, Any], product_id: UUID) -> WithHeaders[Product]:
    """Set the options and the variants of a product.

    A variant is known by its SKU: one that the product has already is changed and keeps its id, others are created, and
    those left out are removed. One variant has the product's SKU. Variants that orders or stock refer to stay: a
    request without them is refused. A product can have up to 2,000 variants: send many in several requests, each with
    all options and with `partial`.
    """
    with request_transaction() as caller:
        product = variants.set_variants(
            product_id=product_id, shop_id=caller.shop_id, expected_versions=expected_versions(), **body
        )
    return with_etag(product)


@blueprint.get("/variants")
@blueprint.requires("read_products")
@blueprint.arguments(VariantsQuery, location="query")
@blueprint.response(200, page_of(VariantSchema))
def list_product_variants(query: dict[str, Any], product_id: UUID) -> Page[Variant]:
    """List the variants of a product, in the order in which they were created.

    Customers must send a `shop_id`.
    """
    with shop_transaction(query.pop("shop_id")) as shop_id:
        visible_product(product_id, shop_id)
        return queries.variants(product_id=product_id, **query)


@blueprint.patch("/variants/<uuid:variant_id>")
@blueprint.requires("write_products")
@blueprint.doc(parameters=[IF_MATCH_HEADER])
@blueprint.arguments(VariantChangeSchema)
@blueprint.response(200, VariantSchema)
@blueprint.alt_response(412, "PreconditionFailed")
def update_product_variant(body: dict[str, Any], product_id: UUID, variant_id: UUID) -> Variant:
    """Change a variant.

    Existing orders keep the old price. `If-Match` takes the last `ETag` of the product: it refuses the change if
    somebody else has changed the product or one of its variants meanwhile.
    """
    with request_transaction() as caller:
        return variants.change_variant(
            product_id=product_id, variant_id=variant_id, shop_id=caller.shop_id,
            expected_versions=expected_versions(), **body,
        )  # fmt: skip


@blueprint.get("/shops")
@blueprint.requires("write_products")
@blueprint.response(200, ListingsSchema)
def list_product_shops(product_id: UUID) -> dict[str, list[Listing]]:
    """List the shops that sell a product."""
    with request_transaction() as caller:
        queries.the_product(product_id=product_id, shop_id=caller.shop_id, or_maintained=True)
        return {"data": listings.listings_of(product_id=product_id)}


@blueprint.put("/shops/<uuid:shop_id>")
@blueprint.requires("write_products")
@blueprint.response(204)
@blueprint.alt_response(409, "Conflict")
def list_product_in_shop(product_id: UUID, shop_id: UUID) -> None:
    """Sell a product in another shop of your company.

    Nothing changes if the shop sells it already. Members who work in one shop can choose that shop only.
    """
    with request_transaction() as caller:
        caller.restrict_to_shop(shop_id)
        listings.list_product(product_id=product_id, shop_id=shop_id, maintained_by=caller.shop_id)


@blueprint.delete("/shops/<uuid:shop_id>")
@blueprint.requires("write_products")
@blueprint.response(204)
def unlist_product_in_shop(product_id: UUID, shop_id: UUID) -> None:
    """Stop selling a product in a shop. Open orders continue."""
    with request_transaction() as caller:
        caller.restrict_to_shop(shop_id)
        listings.unlist_product(product_id=product_id, shop_id=shop_id, maintained_by=caller.shop_id)
