"""What shops take and answer."""

from marshmallow import fields

from api.schemas import Schema, Text

NAME = {"examples": ["Paper & Sons, Antwerp"]}


class NewShopSchema(Schema):
    """A shop to open."""

    name = Text(required=True, metadata=NAME)


class ShopSchema(Schema):
    """A shop."""

    id = fields.UUID()
    company_id = fields.UUID()
    name = fields.String(metadata=NAME)
    created_at = fields.AwareDateTime()
