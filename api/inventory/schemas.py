"""What warehouses and stock take and answer."""

from marshmallow import fields, validate

from api.answers import AnswerSchema
from api.schemas import Name, Schema

MOST_UNITS = 1_000_000_000
NAME = {"examples": ["Harbour"]}


class NewWarehouseSchema(Schema):
    """A warehouse to open."""

    name = Name(required=True, metadata=NAME)


class WarehouseSchema(AnswerSchema):
    """A warehouse."""

    id = fields.UUID()
    name = fields.String(metadata=NAME)
    created_at = fields.AwareDateTime()


class CountSchema(Schema):
    """What was counted."""

    on_hand = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=0, max=MOST_UNITS),
        metadata={"description": "Units that lie there now", "examples": [100]},
    )


class StockSchema(AnswerSchema):
    """Units of a product in a warehouse."""

    product_id = fields.UUID()
    warehouse_id = fields.UUID()
    on_hand = fields.Integer(metadata={"description": "Units that lie there", "examples": [100]})
    reserved = fields.Integer(metadata={"description": "Units of those held for orders", "examples": [3]})


class ShelvesSchema(AnswerSchema):
    """A product's stock, by warehouse."""

    data = fields.List(fields.Nested(StockSchema))
