"""What products take and answer."""

from marshmallow import fields

from api.schemas import AmountOf, MoneySchema, PageQuery, Schema, Text

SKU = {"description": "Your own code for it, unique in your company", "examples": ["NB-A5-DOT"]}
NAME = {"examples": ["Dotted notebook, A5"]}
SHOP = {"description": "The shop to look in; customers must name one"}


class NewProductSchema(Schema):
    """A product to put up for sale."""

    shop_id = fields.UUID(required=True)
    sku = Text(required=True, longest=64, metadata=SKU)
    name = Text(required=True, metadata=NAME)
    price = fields.Nested(MoneySchema, required=True)


class ProductChangeSchema(Schema):
    """What to change of a product; leave out what stays."""

    name = Text(metadata=NAME)
    price = fields.Nested(MoneySchema)


class ProductSchema(Schema):
    """A product. Its `version` is its ETag."""

    id = fields.UUID()
    shop_id = fields.UUID()
    sku = fields.String(metadata=SKU)
    name = fields.String(metadata=NAME)
    price = AmountOf()
    version = fields.Integer(metadata={"examples": [1]})
    created_at = fields.AwareDateTime()


class InShopQuery(Schema):
    """Where to look."""

    shop_id = fields.UUID(load_default=None, metadata=SHOP)


class ProductsQuery(InShopQuery, PageQuery):
    """Which products."""
