"""Creating and changing products."""

from collections.abc import Collection
from datetime import datetime
from typing import Unpack
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from domain.catalogue import product_rules, slugs
from domain.catalogue.errors import ExternalIdTaken, ProductChanged, ProductNotFound, SkuTaken
from domain.catalogue.events import (
    PRODUCT_CREATED,
    PRODUCT_PRICE_CHANGED,
    PRODUCT_UPDATED,
    ProductCreated,
    ProductPriceChanged,
    ProductUpdated,
)
from domain.catalogue.models import Product
from domain.catalogue.product_rules import ProductChanges
from domain.companies import limits
from domain.companies import queries as companies
from domain.shops import queries as shops
from domain.shops.errors import ShopNotFound
from kit import changes, db
from kit.changes import ChangedColumns
from kit.db.unique import unique_or
from kit.errors import Invalid
from kit.ids import new_id
from kit.messaging import events
from kit.money import Money
from kit.versions import the_locked


def create_product(
    *, company_id: UUID, shop_id: UUID, sku: str, now: datetime, **values: Unpack[ProductChanges]
) -> Product:
    """Create a product in a shop, with at least a name and a price; it is for sale immediately unless values differ.

    Raises Invalid by field (`shop_id`, `price.currency`, `price.amount` and others), SkuTaken when the company already
    has the SKU, SlugTaken, ExternalIdTaken, ShopClosed, PlanLimitReached.
    """
    changes.refuse_undeclared(values, declared=ProductChanges)
    limits.count_one("products", company_id=company_id, shop_id=shop_id, now=now)
    price = values["price"]
    product_rules.validate(values, currency=companies.the_company(company_id=company_id).currency)
    try:
        shops.the_open_shop(shop_id=shop_id)
    except ShopNotFound:
        raise Invalid(fields={"shop_id": ["You have no such shop."]}) from None
    columns = {**values, "price": price.amount, "currency": price.currency}
    added = insert(Product).values(id=new_id(), company_id=company_id, shop_id=shop_id, sku=sku, **columns)
    with unique_or(SkuTaken, external_id=ExternalIdTaken):
        product = db.session().scalars(added.returning(Product)).one()
    slugs.keep(product)
    payload = ProductCreated(
        product_id=product.id, shop_id=shop_id, sku=sku, name=product.name, price=price, version=product.version
    )
    events.publish_about(product, PRODUCT_CREATED, payload)
    return product


def change_product(
    *,
    product_id: UUID,
    shop_id: UUID | None = None,
    expected_versions: Collection[int] | None = None,
    **values: Unpack[ProductChanges],
) -> Product:
    """Change the given fields of a product (which the shop maintains, if given). Existing orders keep their prices.

    Raises ProductNotFound, ProductChanged if the product has none of the expected versions, SlugTaken, ExternalIdTaken,
    and Invalid by field.
    """
    product = the_locked_product(product_id, shop_id=shop_id, expected_versions=expected_versions)
    product_rules.validate(values, currency=product.currency, stored=product)
    columns: dict[str, object] = {**values}
    if "price" in values:
        columns["price"] = values["price"].amount
    changed = changes.apply_and_announce(
        product, columns, declared=ProductChanges, event=PRODUCT_UPDATED, payload=_payload_of_changes,
        company_id=product.company_id,
    )  # fmt: skip
    with unique_or(ExternalIdTaken):
        db.session().flush()
    if "slug" in changed.old:
        slugs.keep(product)
    if "price" in changed.old:
        price_changed = _price_changed(product, changed)
        events.publish(PRODUCT_PRICE_CHANGED, price_changed, subject=product.id, company_id=product.company_id)
    return product


def the_locked_product(
    product_id: UUID, *, shop_id: UUID | None = None, expected_versions: Collection[int] | None = None
) -> Product:
    """Lock the row of a product (which the shop maintains, if given) until the transaction ends.

    Changes of its variants and of the shops that sell it take this lock, too. Raises ProductNotFound,
    ProductChanged.
    """
    query = select(Product).where(Product.id == product_id)
    if shop_id is not None:
        query = query.where(Product.shop_id == shop_id)
    return the_locked(query, expected_versions, missing=ProductNotFound, stale=ProductChanged)


def update_payload(product: Product, changed: list[str]) -> ProductUpdated:
    """The payload of the event that these fields of the product were changed."""
    return ProductUpdated(
        product_id=product.id, shop_id=product.shop_id, sku=product.sku, name=product.name,
        price=Money(product.price, product.currency), version=product.version, changed=changed,
    )  # fmt: skip


def _payload_of_changes(product: Product, changed: ChangedColumns) -> ProductUpdated:
    return update_payload(product, changed.names)


def _price_changed(product: Product, changed: ChangedColumns) -> ProductPriceChanged:
    return ProductPriceChanged(
        product_id=product.id, variant_id=product.id, shop_id=product.shop_id, version=product.version,
        previous_price=Money(changed.old["price"], product.currency), price=Money(product.price, product.currency),
    )  # fmt: skip
