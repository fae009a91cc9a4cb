"""Request and response schemas of shops."""

from marshmallow import fields

from api.http.fields import Name, StrictBoolean
from api.http.responses import ResponseSchema
from api.http.schemas import Schema

NAME = {"examples": ["Paper & Sons, Antwerp"]}
PICKUP = {"description": "Whether customers can pick up their orders"}
DELIVERY = {"description": "Whether orders are delivered"}


class ShopChangeSchema(Schema):
    """The fields of a shop to change. A shop offers pick-up, delivery or both."""

    name = Name(metadata=NAME)
    offers_pickup = StrictBoolean(metadata=PICKUP)
    offers_delivery = StrictBoolean(metadata=DELIVERY)


class NewShopSchema(ShopChangeSchema):
    """A new shop. By default it offers delivery and no pick-up."""

    name = Name(required=True, metadata=NAME)


class ShopSchema(ResponseSchema):
    """A shop. Its `version` is its ETag."""

    id = fields.UUID()
    company_id = fields.UUID()
    name = fields.String(metadata=NAME)
    offers_pickup = fields.Boolean(metadata=PICKUP)
    offers_delivery = fields.Boolean(metadata=DELIVERY)
    version = fields.Integer(metadata={"examples": [1]})
    created_at = fields.AwareDateTime()
    closed_at = fields.AwareDateTime(allow_none=True)
