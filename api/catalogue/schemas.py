"""Request and response schemas of products."""

from marshmallow import fields, validate

from api.http.fields import Name
from api.http.responses import AmountOf, ResponseSchema
from api.http.schemas import STORED_ONLY, PageQuery, PriceSchema, Schema
from kit.money import LARGEST_AMOUNT

SKU = {"description": "Your own code for the product, unique in your company", "examples": ["NB-A5-DOT"]}
NAME = {"examples": ["Dotted notebook, A5"]}
LOW_STOCK = {
    "description": f"Stock below this number of units is low; null: the threshold of the company. {STORED_ONLY}",
    "examples": [5],
}
SHOP = {"description": "The shop of the product; required for customers"}


class Threshold(fields.Integer):
    """The number of units below which the stock of a product is low."""

    def __init__(self) -> None:
        units = validate.Range(min=0, max=LARGEST_AMOUNT)
        super().__init__(strict=True, allow_none=True, validate=units, metadata=LOW_STOCK)


class NewProductSchema(Schema):
    """A new product."""

    shop_id = fields.UUID(required=True)
    sku = Name(required=True, max_length=64, metadata=SKU)
    name = Name(required=True, metadata=NAME)
    price = fields.Nested(PriceSchema, required=True)
    low_stock_threshold = Threshold()


class ProductChangeSchema(Schema):
    """The fields of a product to change."""

    name = Name(metadata=NAME)
    price = fields.Nested(PriceSchema)
    low_stock_threshold = Threshold()


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
    version = fields.Integer(metadata={"examples": [1]})
    created_at = fields.AwareDateTime()


class InShopQuery(Schema):
    """The shop of a product."""

    shop_id = fields.UUID(load_default=None, metadata=SHOP)


class ProductsQuery(InShopQuery, PageQuery):
    """Filters for the list of products."""
