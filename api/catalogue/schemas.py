"""Request and response schemas of products."""

from typing import Any

from marshmallow import fields, validate

from api.http.choices import Choice
from api.http.fields import List, MultilineText, Name, Slug, Text
from api.http.responses import AmountOf, ResponseSchema
from api.http.schemas import STORED_ONLY, PageQuery, PriceSchema, Schema
from domain.catalogue.publication import STATUSES
from kit.money import LARGEST_AMOUNT

SKU = {"description": "Your own code for the product, unique in your company", "examples": ["NB-A5-DOT"]}
NAME = {"examples": ["Dotted notebook, A5"]}
LOW_STOCK = {
    "description": f"Stock below this number of units is low; null: the threshold of the company. {STORED_ONLY}",
    "examples": [5],
}
SHOP = {"description": "The shop of the product; required for customers"}


STATUS = {"description": "Only active products are sold", "examples": ["active"]}
PUBLISH_AT = {"description": "Not sold before; null: no such time", "examples": ["2027-01-01T00:00:00Z"]}
UNPUBLISH_AT = {"description": "Not sold from then on; null: no such time", "examples": ["2027-02-01T00:00:00Z"]}
SLUG_OF_PRODUCT = {
    "description": "The name in public addresses, unique in your company. Old ones go on leading to the product; null: "
    "none",
    "examples": ["dotted-notebook"],
}
EXTERNAL_ID = {"description": "Its id in a system of yours, unique in your company; null: none", "examples": ["4711"]}
BRAND = {"description": "Null: none", "examples": ["Paper & Sons"]}
DESCRIPTION = {"description": "Plain text of several lines", "examples": ["200 dotted pages."]}
MANUFACTURER = {
    "description": "Name and addresses of the manufacturer or the responsible person (Regulation (EU) 2023/988, "
    "article 19)",
    "examples": ["Paper & Sons, 1 Harbour Street, Antwerp, hello@paper.example"],
}
SAFETY = {
    "description": "Warnings and safety information (the same article)",
    "examples": ["Not for children under 3."],
}
MIN_QUANTITY = {"description": "The smallest number of units in a line of an order", "examples": [1]}
MAX_QUANTITY = {"description": "The largest number of units in a line of an order; null: no limit", "examples": [10]}
QUANTITY_STEP = {"description": "A line of an order has a multiple of this number of units", "examples": [1]}
MAX_TAGS, MAX_TAG_LENGTH = 50, 50
MAX_UNITS = 1_000_000


class ProductStatus(Choice):
    """Whether a product is sold."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("ProductStatus", STATUSES, **kwargs)


class Threshold(fields.Integer):
    """The number of units below which the stock of a product is low."""

    def __init__(self) -> None:
        units = validate.Range(min=0, max=LARGEST_AMOUNT)
        super().__init__(strict=True, allow_none=True, validate=units, metadata=LOW_STOCK)


def quantity(metadata: dict[str, Any], *, allow_none: bool = False) -> fields.Integer:
    """A number of units in a line of an order, from 1."""
    units = validate.Range(min=1, max=MAX_UNITS)
    return fields.Integer(strict=True, allow_none=allow_none, validate=units, metadata=metadata)


class ProductChangeSchema(Schema):
    """The fields of a product to change."""

    name = Name(metadata=NAME)
    price = fields.Nested(PriceSchema)
    low_stock_threshold = Threshold()
    status = ProductStatus(metadata=STATUS)
    publish_at = fields.AwareDateTime(allow_none=True, metadata=PUBLISH_AT)
    unpublish_at = fields.AwareDateTime(allow_none=True, metadata=UNPUBLISH_AT)
    slug = Slug(allow_none=True, metadata=SLUG_OF_PRODUCT)
    external_id = Text(allow_none=True, max_length=100, metadata=EXTERNAL_ID)
    brand = Name(allow_none=True, max_length=100, metadata=BRAND)
    tags = List(Text(max_length=MAX_TAG_LENGTH), max_items=MAX_TAGS, metadata={"examples": [["school", "gift"]]})
    description = MultilineText(max_length=20_000, metadata=DESCRIPTION)
    seo_title = MultilineText(max_length=200, metadata={"description": "The title for search engines"})
    seo_description = MultilineText(max_length=500, metadata={"description": "The summary for search engines"})
    manufacturer = MultilineText(max_length=1_000, metadata=MANUFACTURER)
    safety_information = MultilineText(max_length=5_000, metadata=SAFETY)
    min_quantity = quantity(MIN_QUANTITY)
    max_quantity = quantity(MAX_QUANTITY, allow_none=True)
    quantity_step = quantity(QUANTITY_STEP)


class NewProductSchema(ProductChangeSchema):
    """A new product."""

    shop_id = fields.UUID(required=True)
    sku = Name(required=True, max_length=64, metadata=SKU)
    name = Name(required=True, metadata=NAME)
    price = fields.Nested(PriceSchema, required=True)


class OptionSchema(ResponseSchema):
    """What the variants of a product differ in."""

    name = fields.String(metadata={"examples": ["Size"]})
    values = fields.List(fields.String(), metadata={"examples": [["A5", "A4"]]})


class ProductSchema(ResponseSchema):
    """A product, with the SKU and the price of its first variant, which has its id. Its `version` is its ETag."""

    id = fields.UUID()
    shop_id = fields.UUID(metadata={"description": "The shop that maintains it; others may sell it, too"})
    sku = fields.String(metadata=SKU)
    name = fields.String(metadata=NAME)
    price = AmountOf()
    low_stock_threshold = fields.Integer(allow_none=True, metadata=LOW_STOCK)
    options = fields.List(fields.Nested(OptionSchema))
    status = ProductStatus(metadata=STATUS)
    publish_at = fields.AwareDateTime(allow_none=True, metadata=PUBLISH_AT)
    unpublish_at = fields.AwareDateTime(allow_none=True, metadata=UNPUBLISH_AT)
    slug = fields.String(allow_none=True, metadata=SLUG_OF_PRODUCT)
    external_id = fields.String(allow_none=True, metadata=EXTERNAL_ID)
    brand = fields.String(allow_none=True, metadata=BRAND)
    tags = fields.List(fields.String(), metadata={"examples": [["school", "gift"]]})
    description = fields.String(metadata=DESCRIPTION)
    seo_title = fields.String()
    seo_description = fields.String()
    manufacturer = fields.String(metadata=MANUFACTURER)
    safety_information = fields.String(metadata=SAFETY)
    min_quantity = fields.Integer(metadata=MIN_QUANTITY)
    max_quantity = fields.Integer(allow_none=True, metadata=MAX_QUANTITY)
    quantity_step = fields.Integer(metadata=QUANTITY_STEP)
    version = fields.Integer(metadata={"examples": [1]})
    created_at = fields.AwareDateTime()


class InShopQuery(Schema):
    """The shop of a product."""

    shop_id = fields.UUID(load_default=None, metadata=SHOP)


class ProductsQuery(InShopQuery, PageQuery):
    """Filters for the list of products."""

    external_id = Text(load_default=None, max_length=100)
    status = ProductStatus(load_default=None)
