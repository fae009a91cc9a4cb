"""What can be changed of a product, and what its fields must be."""

from datetime import datetime
from typing import Any, TypedDict

from domain.catalogue import price_rules
from domain.catalogue.models import Product
from kit.errors import Invalid
from kit.money import Money


class ProductChanges(TypedDict, total=False):
    """What can be changed of a product. A threshold (units) of None stands for the company's."""

    name: str
    price: Money
    low_stock_threshold: int | None
    status: str
    publish_at: datetime | None
    unpublish_at: datetime | None
    slug: str | None
    external_id: str | None
    brand: str | None
    tags: list[str]
    description: str
    seo_title: str
    seo_description: str
    manufacturer: str
    safety_information: str
    min_quantity: int
    max_quantity: int | None
    quantity_step: int


def validate(values: ProductChanges, *, currency: str, stored: Product | None = None) -> None:
    """Raise Invalid by field if the product cannot have these values beside those that are stored."""
    errors: dict[str, list[str]] = {}
    if "price" in values:
        errors |= price_rules.errors_of(values["price"], currency=currency, path="price")

    def value_of(name: str, default: Any = None) -> Any:
        return values.get(name, getattr(stored, name, default))

    begins, ends = value_of("publish_at"), value_of("unpublish_at")
    if begins is not None and ends is not None and ends <= begins:
        errors["unpublish_at"] = ["Must be later than publish_at."]
    largest = value_of("max_quantity")
    if largest is not None and largest < value_of("min_quantity", 1):
        errors["max_quantity"] = ["Must be at least min_quantity."]
    if errors:
        raise Invalid(fields=errors)


def validate_price(price: Money, *, currency: str) -> None:
    """Raise Invalid for a price that cannot be charged, or is not in the currency of the company."""
    validate({"price": price}, currency=currency)
