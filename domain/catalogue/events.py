"""The events of the area catalogue."""

from dataclasses import dataclass
from uuid import UUID

from kit.messaging.events import Event
from kit.money import Money


@dataclass(frozen=True, slots=True)
class ProductCreated:
    """A new product."""

    product_id: UUID
    shop_id: UUID
    sku: str
    name: str
    price: Money
    version: int


@dataclass(frozen=True, slots=True)
class ProductUpdated(ProductCreated):
    """A product as it is now, and the names of the fields that were changed."""

    changed: list[str]


@dataclass(frozen=True, slots=True)
class ProductPriceChanged:
    """The price of a product, before and now."""

    product_id: UUID
    shop_id: UUID
    previous_price: Money
    price: Money
    version: int


PRODUCT_CREATED = Event("product.created", ProductCreated, "A product was created, and is for sale.")
PRODUCT_UPDATED = Event("product.updated", ProductUpdated, "Fields of a product were changed.")
PRODUCT_PRICE_CHANGED = Event(
    "product.price_changed", ProductPriceChanged, "The price of a product was changed. Existing orders keep theirs."
)
