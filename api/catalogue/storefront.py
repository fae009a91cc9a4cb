"""What a shop shows the world, without a login: the shop, its products and a product with its variants."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import Response, redirect, request

from api.auth import requirements
from api.catalogue.storefront_schemas import (
    PublicCategoriesSchema,
    PublicProductDetailsSchema,
    PublicProductSchema,
    PublicProductsQuery,
    PublicShopSchema,
)
from api.http.blueprint import Blueprint
from api.http.openapi import IF_NONE_MATCH_HEADER
from api.http.schemas import page_of
from domain.catalogue import queries as catalogue
from domain.catalogue import slugs
from domain.catalogue.errors import ProductNotFound
from domain.catalogue.models import Category, Product, Variant
from domain.catalogue.unit_prices import unit_price
from domain.inventory import queries as inventory
from domain.pricing import quotes
from domain.pricing.quotes import Quote
from domain.shops import locations
from domain.shops import queries as shops
from domain.shops.errors import ShopNotFound
from domain.shops.models import Shop
from kit import clock, db
from kit.db import Json
from kit.paging import Page
from kit.tenancy import Tenant
from kit.text import SLUG

blueprint = Blueprint(
    "storefront", __name__, url_prefix="/api/storefront/<string:shop_slug>", description="What a shop shows the world"
)

MAX_AGE = timedelta(minutes=1)
"""How long caches may serve a response: a sale begins and ends at most this much later."""
FEW = 5
"""Units below which few are left."""
MAX_LOCATIONS = 100


@blueprint.after_request
def _let_caches_store(response: Response) -> Response:
    if response.status_code == HTTPStatus.OK:
        response.add_etag()
        response.cache_control.public = True
        response.cache_control.max_age = int(MAX_AGE.total_seconds())
    return response


@blueprint.get("")
@blueprint.requires(requirements.PUBLIC)
@blueprint.doc(parameters=[IF_NONE_MATCH_HEADER])
@blueprint.response(200, PublicShopSchema)
def show_shop(shop_slug: str) -> Json:
    """Show a shop with its locations and opening hours."""
    with _shop_transaction(shop_slug) as shop:
        found = locations.locations(shop_id=shop.id, limit=MAX_LOCATIONS).data
        return {
            "id": shop.id, "slug": shop.slug, "name": shop.name, "offers_pickup": shop.offers_pickup,
            "offers_delivery": shop.offers_delivery, "locations": found,
        }  # fmt: skip


@blueprint.get("/categories")
@blueprint.requires(requirements.PUBLIC)
@blueprint.doc(parameters=[IF_NONE_MATCH_HEADER])
@blueprint.response(200, PublicCategoriesSchema)
def browse_categories(shop_slug: str) -> dict[str, list[Category]]:
    """List all categories of the shop's company, siblings in their order. Their parents make them a tree."""
    with _shop_transaction(shop_slug):
        return {"data": catalogue.category_tree()}


@blueprint.get("/products")
@blueprint.requires(requirements.PUBLIC)
@blueprint.doc(parameters=[IF_NONE_MATCH_HEADER])
@blueprint.arguments(PublicProductsQuery, location="query")
@blueprint.response(200, page_of(PublicProductSchema))
@blueprint.alt_response(404, "NotFound")
def browse_products(query: dict[str, Any], shop_slug: str) -> Page[Json]:
    """List the products that a shop sells now, oldest first; with `category`, those in it or in a category of it."""
    with _shop_transaction(shop_slug) as shop:
        now, category = clock.now(), query.pop("category")
        category_ids = None if category is None else catalogue.category_with_descendants(slug=category)
        found = catalogue.products(shop_id=shop.id, on_sale_at=now, category_ids=category_ids, **query)
        prices = quotes.quote(shop_id=shop.id, quantities={product.id: 1 for product in found.data}, now=now)
        return found.map(lambda product: _summary(product, prices[product.id]))


@blueprint.get("/products/<string:product>")
@blueprint.requires(requirements.PUBLIC)
@blueprint.doc(parameters=[IF_NONE_MATCH_HEADER])
@blueprint.response(200, PublicProductDetailsSchema)
@blueprint.alt_response(301, description="The product has another slug now: see Location.")
def show_product(shop_slug: str, product: str) -> Json | Response:
    """Show a product that a shop sells now, by its slug or its id, with its variants, prices and stock.

    An earlier slug of the product redirects to its address.
    """
    with _shop_transaction(shop_slug) as shop:
        now = clock.now()
        found = catalogue.the_product_on_sale(product_id=_product_id(product), shop_id=shop.id, now=now)
        if product != str(found.id) and product != found.slug:
            address = f"{request.path.rpartition('/')[0]}/{found.slug or found.id}"
            return redirect(address, HTTPStatus.MOVED_PERMANENTLY)  # type: ignore[return-value]
        variants = catalogue.all_variants(found.id)
        prices = quotes.quote(shop_id=shop.id, quantities={variant.id: 1 for variant in variants}, now=now)
        return _summary(found, prices[found.id]) | {
            "description": found.description, "seo_title": found.seo_title, "seo_description": found.seo_description,
            "manufacturer": found.manufacturer, "safety_information": found.safety_information,
            "min_quantity": found.min_quantity, "max_quantity": found.max_quantity,
            "quantity_step": found.quantity_step, "options": found.options,
            "variants": _variants(shop, variants, prices),
        }  # fmt: skip


@contextmanager
def _shop_transaction(slug: str) -> Iterator[Shop]:
    """A transaction that acts for the company of the shop, and for nobody; raises ShopNotFound."""
    if not re.fullmatch(SLUG, slug):
        raise ShopNotFound
    with db.transaction(Tenant()):
        shop = shops.the_public_shop(slug=slug)
        db.act_for(Tenant(company_id=shop.company_id))
        yield shop


def _product_id(text: str) -> UUID:
    """The id in an address, or the id of the product that has or had the slug; raises ProductNotFound."""
    if not re.fullmatch(SLUG, text):
        raise ProductNotFound
    found = slugs.product_with(slug=text)
    if found is not None:
        return found
    try:
        return UUID(text)
    except ValueError:
        raise ProductNotFound from None


def _summary(product: Product, price: Quote) -> Json:
    return {
        "id": product.id, "slug": product.slug, "name": product.name, "brand": product.brand, "tags": product.tags,
        **_price(price),
    }  # fmt: skip


def _variants(shop: Shop, variants: list[Variant], prices: dict[UUID, Quote]) -> list[Json]:
    units = inventory.available_units([variant.id for variant in variants])
    return [
        {
            "id": variant.id, "sku": variant.sku, "title": variant.title, "options": variant.options,
            "gtin": variant.gtin, "availability": _availability(shop, units.get(variant.id, 0)),
            **_price(prices[variant.id]),
            "unit_price": unit_price(
                prices[variant.id].price, content_amount=variant.content_amount, content_unit=variant.content_unit
            ),
        }
        for variant in variants
    ]  # fmt: skip


def _price(quote: Quote) -> Json:
    """What one unit costs everybody now."""
    return {"price": quote.price, "is_sale": quote.is_sale, "lowest_price_before": quote.lowest_price_before}


def _availability(shop: Shop, units: int) -> Json:
    """As the shop wants to show it."""
    return {
        "in_stock": units > 0,
        "few_left": 0 < units < FEW if shop.stock_display == "few_left" else None,
        "units": units if shop.stock_display == "exact" else None,
    }
