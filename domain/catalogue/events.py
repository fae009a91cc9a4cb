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
    """The price of a variant of a product, before and now. The first variant has the product's id."""

    product_id: UUID
    variant_id: UUID
    shop_id: UUID
    previous_price: Money
    price: Money
    version: int


@dataclass(frozen=True, slots=True)
class ProductListing:
    """A product, and a shop of the same company."""

    product_id: UUID
    shop_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class CategoryVersion:
    """A category and its version."""

    category_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class CategoryUpdated(CategoryVersion):
    """A category, and the names of the fields that were changed."""

    changed: list[str]


PRODUCT_CREATED = Event("product.created", ProductCreated, "A product was created, and is for sale.")
PRODUCT_UPDATED = Event("product.updated", ProductUpdated, "Fields, options or variants of a product were changed.")
PRODUCT_PRICE_CHANGED = Event(
    "product.price_changed",
    ProductPriceChanged,
    "The price of a product or of one of its variants was changed. Existing orders keep theirs.",
)
PRODUCT_LISTED = Event("product.listed", ProductListing, "Another shop sells a product.")
PRODUCT_UNLISTED = Event("product.unlisted", ProductListing, "A shop no longer sells a product.")
CATEGORY_CREATED = Event("category.created", CategoryVersion, "A company has a new category of products.")
CATEGORY_UPDATED = Event("category.updated", CategoryUpdated, "A category was changed or moved.")
CATEGORY_DELETED = Event("category.deleted", CategoryVersion, "An empty category was deleted.")
