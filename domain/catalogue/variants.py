"""Setting the options and variants of a product. The number of statements does not depend on that of the variants."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import TypedDict, Unpack
from uuid import UUID

from psycopg.errors import ForeignKeyViolation, UniqueViolation
from sqlalchemy import select

from domain.catalogue import unit_prices, variant_rules
from domain.catalogue.errors import SkuTaken, VariantInUse, VariantNotFound
from domain.catalogue.events import PRODUCT_PRICE_CHANGED, PRODUCT_UPDATED, ProductPriceChanged
from domain.catalogue.models import Product, Variant
from domain.catalogue.product_rules import validate_price
from domain.catalogue.products import the_locked_product, update_payload
from domain.catalogue.variant_rules import Option, VariantRequest
from kit import changes, db
from kit.db import Json
from kit.errors import Invalid
from kit.ids import new_id
from kit.messaging import events
from kit.money import Money


class VariantChanges(TypedDict, total=False):
    """What can be changed of a variant. None removes a value."""

    price: Money
    low_stock_threshold: int | None
    gtin: str | None
    weight_grams: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    origin_country: str | None
    hs_code: str | None
    content_amount: int | None
    content_unit: str | None


_TYPES = {
    "position": "int", "title": "text", "options": "jsonb", "price": "bigint", "low_stock_threshold": "int",
    "gtin": "text", "weight_grams": "int", "length_mm": "int", "width_mm": "int", "height_mm": "int",
    "origin_country": "text", "hs_code": "text",
    "content_amount": "int", "content_unit": "text",
}  # fmt: skip
"""The columns that can change, and their types. The SKU is not among them: setting it would lock out orders."""
_SAME_IN_REQUEST = [name for name in _TYPES if name not in ("position", "title", "price")]
"""Those of the columns that a VariantRequest has as they are."""
_ROWS = f"""jsonb_to_recordset(%(rows)s) AS r (
    id uuid, sku text, currency text, {", ".join(f"{name} {kind}" for name, kind in _TYPES.items())})"""
_INSERT_VARIANTS = f"""
    INSERT INTO variants (id, company_id, product_id, sku, currency, {", ".join(_TYPES)})
    SELECT r.id, %(company)s, %(product)s, r.sku, r.currency, {", ".join(f"r.{name}" for name in _TYPES)}
    FROM {_ROWS}"""  # noqa: S608 - constants only
_UPDATE_VARIANTS = f"""
    UPDATE variants v SET {", ".join(f"{name} = r.{name}" for name in _TYPES)}
    FROM {_ROWS} WHERE v.id = r.id"""  # noqa: S608 - constants only
_DELETE_VARIANTS = "DELETE FROM variants WHERE id = ANY(%(ids)s)"


def set_variants(
    *,
    product_id: UUID,
    options: Sequence[Option],
    variants: Sequence[VariantRequest],
    partial: bool = False,
    shop_id: UUID | None = None,
    expected_versions: Collection[int] | None = None,
) -> Product:
    """Make these the options and variants of a product (which the shop maintains, if given), in this order.

    A variant is known by its SKU: one that the product has is changed, and keeps its id; others are created; those left
    out are removed, or with `partial` stay before the new ones. Existing orders keep what they say.
    Raises ProductNotFound, ProductChanged, SkuTaken if another product has a SKU, VariantInUse if orders or stock refer
    to a variant that was left out, and Invalid by field.
    """
    product = the_locked_product(product_id, shop_id=shop_id, expected_versions=expected_versions)
    if partial:
        stored = {
            variant.sku: _request(variant) for variant in sorted(_variants(product), key=lambda each: each.position)
        }
        variants = list((stored | {variant.sku: variant for variant in variants}).values())
    variant_rules.validate(options, variants, first_sku=product.sku, currency=product.currency)
    rows = [_row(variant, position, options) for position, variant in enumerate(variants)]
    _write(product, [asdict(option) for option in options], rows)
    return product


def change_variant(
    *,
    product_id: UUID,
    variant_id: UUID,
    shop_id: UUID | None = None,
    expected_versions: Collection[int] | None = None,
    **values: Unpack[VariantChanges],
) -> Variant:
    """Change the given fields of a variant. Existing orders keep their prices.

    Raises ProductNotFound, ProductChanged, VariantNotFound, and Invalid for a price that cannot be charged.
    """
    changes.refuse_undeclared(values, declared=VariantChanges)
    product = the_locked_product(product_id, shop_id=shop_id, expected_versions=expected_versions)
    variant = the_variant(product_id=product_id, variant_id=variant_id)
    row: Json = {**_stored(variant), **values}
    if "price" in values:
        validate_price(values["price"], currency=product.currency)
        row["price"] = values["price"].amount
    if errors := unit_prices.errors_of(row["content_amount"], row["content_unit"], path="content_unit"):
        raise Invalid(fields=errors)
    _write(product, product.options, [row], others_stay=True)
    db.session().refresh(variant)
    return variant


def the_variant(*, product_id: UUID, variant_id: UUID) -> Variant:
    """Return a variant of the product; raises VariantNotFound."""
    variant = db.session().get(Variant, variant_id)
    if variant is None or variant.product_id != product_id:
        raise VariantNotFound
    return variant


def _write(product: Product, options: list[Json], rows: list[Json], *, others_stay: bool = False) -> None:
    """Write what differs from what is stored, give the product its next version, and announce the changes."""
    stored = {variant.sku: variant for variant in _variants(product)}
    for row in rows:
        row["id"] = stored[row["sku"]].id if row["sku"] in stored else new_id()
    added = [row for row in rows if row["sku"] not in stored]
    changed = [row for row in rows if row["sku"] in stored and row != _stored(stored[row["sku"]])]
    kept = {row["sku"] for row in rows}
    removed = [] if others_stay else [variant.id for sku, variant in stored.items() if sku not in kept]
    prices = {sku: variant.price for sku, variant in stored.items()}
    what = [name for name, differs in (
        ("options", options != product.options), ("variants", added or changed or removed)) if differs]  # fmt: skip
    if not what:
        return
    _copy_to_product(product, options, rows)
    _run(product, added=added, changed=changed, removed=removed)
    events.publish_about(product, PRODUCT_UPDATED, update_payload(product, what))
    for row in changed:
        if row["price"] != prices[row["sku"]]:
            _announce_price(product, row, prices[row["sku"]])


def _copy_to_product(product: Product, options: list[Json], rows: list[Json]) -> None:
    """The product has the price and the threshold of its first variant."""
    product.options = options
    product.version += 1
    for row in rows:
        if row["id"] == product.id:
            product.price, product.low_stock_threshold = row["price"], row["low_stock_threshold"]
    db.session().flush()


def _run(product: Product, *, added: list[Json], changed: list[Json], removed: list[UUID]) -> None:
    values = {"company": product.company_id, "product": product.id}
    try:
        if removed:
            db.run(_DELETE_VARIANTS, {"ids": removed})
        if changed:
            db.run(_UPDATE_VARIANTS, {"rows": db.as_json(changed)})
        if added:
            db.run(_INSERT_VARIANTS, {"rows": db.as_json(added), **values})
    except ForeignKeyViolation as error:
        raise VariantInUse from error
    except UniqueViolation as error:
        raise SkuTaken from error


def _row(variant: VariantRequest, position: int, options: Sequence[Option]) -> Json:
    title = " / ".join(variant.options[option.name] for option in options)
    row: Json = {name: getattr(variant, name) for name in _SAME_IN_REQUEST}
    return row | {
        "sku": variant.sku, "position": position, "title": title, "price": variant.price.amount,
        "currency": variant.price.currency,
    }  # fmt: skip


def _variants(product: Product) -> list[Variant]:
    return list(db.session().scalars(select(Variant).filter_by(product_id=product.id)))


def _request(variant: Variant) -> VariantRequest:
    columns = {name: getattr(variant, name) for name in _SAME_IN_REQUEST}
    return VariantRequest(sku=variant.sku, price=Money(variant.price, variant.currency), **columns)


def _stored(variant: Variant) -> Json:
    return {name: getattr(variant, name) for name in ("id", "sku", "currency", *_TYPES)}


def _announce_price(product: Product, row: Json, previous: int) -> None:
    payload = ProductPriceChanged(
        product_id=product.id, variant_id=row["id"], shop_id=product.shop_id, version=product.version,
        previous_price=Money(previous, product.currency), price=Money(row["price"], product.currency),
    )  # fmt: skip
    events.publish(PRODUCT_PRICE_CHANGED, payload, subject=product.id, company_id=product.company_id)
