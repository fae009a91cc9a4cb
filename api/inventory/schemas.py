"""Request and response schemas of warehouses and stock levels."""

from marshmallow import fields, validate

from api.http.fields import Name
from api.http.responses import ResponseSchema
from api.http.schemas import Schema

MAX_UNITS = 1_000_000_000
NAME = {"examples": ["Harbour"]}


class NewWarehouseSchema(Schema):
    """A new warehouse."""

    name = Name(required=True, metadata=NAME)


class WarehouseSchema(ResponseSchema):
    """A warehouse."""

    id = fields.UUID()
    name = fields.String(metadata=NAME)
    created_at = fields.AwareDateTime()


class StockLevelChangeSchema(Schema):
    """The new stock level."""

    on_hand = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=0, max=MAX_UNITS),
        metadata={"description": "The number of units in the warehouse", "examples": [100]},
    )


class StockLevelSchema(ResponseSchema):
    """The stock level of a product in a warehouse."""

    product_id = fields.UUID()
    warehouse_id = fields.UUID()
    on_hand = fields.Integer(metadata={"description": "The number of units in the warehouse", "examples": [100]})
    reserved = fields.Integer(metadata={"description": "How many of them are reserved for orders", "examples": [3]})


class StockLevelsSchema(ResponseSchema):
    """The stock levels of a product in all warehouses."""

    data = fields.List(fields.Nested(StockLevelSchema))
