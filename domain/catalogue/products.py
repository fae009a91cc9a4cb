"""Creating and changing products."""

from collections.abc import Collection
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

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
from kit.charge_limits import charge_limits
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
    _validate_price(price, company_id)
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
    query = select(Product).where(Product.id == product_id)
    if shop_id is not None:
        query = query.where(Product.shop_id == shop_id)
    product = the_locked(query, expected_versions, missing=ProductNotFound, stale=ProductChanged)
    columns: dict[str, object] = {**values}
    if "price" in values:
        _validate_price(values["price"], product.company_id)
        columns["price"] = values["price"].amount
    changed = changes.apply_and_announce(
        product, columns, declared=ProductChanges, event=PRODUCT_UPDATED, payload=_update_payload,
        company_id=product.company_id,
    )  # fmt: skip
    if "price" in changed.old:
        price_changed = _price_changed(product, changed)
        events.publish(PRODUCT_PRICE_CHANGED, price_changed, subject=product.id, company_id=product.company_id)
    return product


def _validate_price(price: Money, company_id: UUID) -> None:
    currency = companies.the_company(company_id=company_id).currency
    if price.currency != currency:
        raise Invalid(fields={"price.currency": [f"Your company sells in {currency}."]})
    chargeable = charge_limits(currency)
    if price.amount % chargeable.step:
        step = Money(chargeable.step, currency)
        raise Invalid(fields={"price.amount": [f"Cards can only be charged multiples of {step}."]})
    if price.amount > chargeable.maximum:
        raise Invalid(fields={"price.amount": [f"Must be at most {Money(chargeable.maximum, currency)}."]})


def _update_payload(product: Product, changed: ChangedColumns) -> ProductUpdated:
    return ProductUpdated(
        product_id=product.id, shop_id=product.shop_id, sku=product.sku, name=product.name,
        price=Money(product.price, product.currency), version=product.version, changed=changed.names,
    )  # fmt: skip


def _price_changed(product: Product, changed: ChangedColumns) -> ProductPriceChanged:
    return ProductPriceChanged(
        product_id=product.id, shop_id=product.shop_id, version=product.version,
        previous_price=Money(changed.old["price"], product.currency), price=Money(product.price, product.currency),
    )  # fmt: skip
