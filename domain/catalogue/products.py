"""Creating and changing products."""

from collections.abc import Collection
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from domain.catalogue import price_rules
from domain.catalogue.errors import ProductChanged, ProductNotFound, SkuTaken
from domain.catalogue.events import (
    PRODUCT_CREATED,
    PRODUCT_PRICE_CHANGED,
    PRODUCT_UPDATED,
    ProductCreated,
    ProductPriceChanged,
    ProductUpdated,
)
from domain.catalogue.models import Product
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


class ProductChanges(TypedDict, total=False):
    """What can be changed of a product. A threshold (units) of None stands for the company's."""

    name: str
    price: Money
    low_stock_threshold: int | None


def create_product(
    *, company_id: UUID, shop_id: UUID, sku: str, name: str, price: Money, now: datetime,
    low_stock_threshold: int | None = None,
) -> Product:  # fmt: skip
    """Create a product in a shop, where it is for sale immediately.

    Raises Invalid by field (`shop_id`, `price.currency`, `price.amount`), SkuTaken when the company already has the
    SKU, ShopClosed, PlanLimitReached.
    """
    limits.count_one("products", company_id=company_id, shop_id=shop_id, now=now)
    validate_price(price, currency=companies.the_company(company_id=company_id).currency)
    try:
        shops.the_open_shop(shop_id=shop_id)
    except ShopNotFound:
        raise Invalid(fields={"shop_id": ["You have no such shop."]}) from None
    added = insert(Product).values(
        id=new_id(), company_id=company_id, shop_id=shop_id, sku=sku, name=name, price=price.amount,
        currency=price.currency, low_stock_threshold=low_stock_threshold,
    )  # fmt: skip
    with unique_or(SkuTaken):  # which another product has, or a variant of one
        product = db.session().scalars(added.returning(Product)).one()
    payload = ProductCreated(
        product_id=product.id, shop_id=shop_id, sku=sku, name=name, price=price, version=product.version
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
    """Change the given fields of a product (of the shop, if given). Existing orders keep their prices.

    Raises ProductNotFound, ProductChanged if the product has none of the expected versions, and Invalid for another
    currency or a price that cannot be charged.
    """
    product = the_locked_product(product_id, shop_id=shop_id, expected_versions=expected_versions)
    columns: dict[str, object] = {**values}
    if "price" in values:
        validate_price(values["price"], currency=product.currency)
        columns["price"] = values["price"].amount
    changed = changes.apply_and_announce(
        product, columns, declared=ProductChanges, event=PRODUCT_UPDATED, payload=_update_payload,
        company_id=product.company_id,
    )  # fmt: skip
    if "price" in changed.old:
        price_changed = _price_changed(product, changed)
        events.publish(PRODUCT_PRICE_CHANGED, price_changed, subject=product.id, company_id=product.company_id)
    return product


def the_locked_product(
    product_id: UUID, *, shop_id: UUID | None = None, expected_versions: Collection[int] | None = None
) -> Product:
    """Lock the row of a product (which the shop maintains, if given) until the transaction ends.

    Whoever changes one of its variants or the shops that sell it holds this lock. Raises ProductNotFound,
    ProductChanged.
    """
    query = select(Product).where(Product.id == product_id)
    if shop_id is not None:
        query = query.where(Product.shop_id == shop_id)
    return the_locked(query, expected_versions, missing=ProductNotFound, stale=ProductChanged)


def validate_price(price: Money, *, currency: str) -> None:
    """Raise Invalid for a price that cannot be charged, or is not in the currency of the company."""
    errors = price_rules.errors_of(price, currency=currency, path="price")
    if errors:
        raise Invalid(fields=errors)


def updated(product: Product, changed: list[str]) -> ProductUpdated:
    """The payload of the event that these fields of the product were changed."""
    return ProductUpdated(
        product_id=product.id, shop_id=product.shop_id, sku=product.sku, name=product.name,
        price=Money(product.price, product.currency), version=product.version, changed=changed,
    )  # fmt: skip


def _update_payload(product: Product, changed: ChangedColumns) -> ProductUpdated:
    return updated(product, changed.names)


def _price_changed(product: Product, changed: ChangedColumns) -> ProductPriceChanged:
    return ProductPriceChanged(
        product_id=product.id, variant_id=product.id, shop_id=product.shop_id, version=product.version,
        previous_price=Money(changed.old["price"], product.currency), price=Money(product.price, product.currency),
    )  # fmt: skip
