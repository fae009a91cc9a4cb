"""What products take and answer."""

from marshmallow import fields, validate

from api.answers import AmountOf, AnswerSchema
from api.schemas import NOT_YET, Name, PageQuery, PriceSchema, Schema
from kit.money import LARGEST_AMOUNT

SKU = {"description": "Your own code for it, unique in your company", "examples": ["NB-A5-DOT"]}
NAME = {"examples": ["Dotted notebook, A5"]}
LOW_STOCK = {
    "description": f"Fewer units than this are few; null: as the company says. {NOT_YET}",
    "examples": [5],
}
SHOP = {"description": "The shop to look in; customers must name one"}


class Threshold(fields.Integer):
    """Units below which a product's stock is low."""

    def __init__(self) -> None:
        units = validate.Range(min=0, max=LARGEST_AMOUNT)
        super().__init__(strict=True, allow_none=True, validate=units, metadata=LOW_STOCK)


class NewProductSchema(Schema):
    """A product to put up for sale."""

    shop_id = fields.UUID(required=True)
    sku = Name(required=True, longest=64, metadata=SKU)
    name = Name(required=True, metadata=NAME)
    price = fields.Nested(PriceSchema, required=True)
    low_stock_threshold = Threshold()


class ProductChangeSchema(Schema):
    """What to change of a product; leave out what stays."""

    name = Name(metadata=NAME)
    price = fields.Nested(PriceSchema)
    low_stock_threshold = Threshold()


class ProductSchema(AnswerSchema):
    """A product. Its `version` is its ETag."""

    id = fields.UUID()
    shop_id = fields.UUID()
    sku = fields.String(metadata=SKU)
    name = fields.String(metadata=NAME)
    price = AmountOf()
    low_stock_threshold = fields.Integer(allow_none=True, metadata=LOW_STOCK)
    version = fields.Integer(metadata={"examples": [1]})
    created_at = fields.AwareDateTime()


class InShopQuery(Schema):
    """Where to look."""

    shop_id = fields.UUID(load_default=None, metadata=SHOP)


class ProductsQuery(InShopQuery, PageQuery):
    """Which products."""
