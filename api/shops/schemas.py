"""Request and response schemas of shops."""

from typing import Any

from marshmallow import fields

from api.http.choices import Choice
from api.http.fields import Name, Slug, StrictBoolean
from api.http.responses import ResponseSchema
from api.http.schemas import Schema

NAME = {"examples": ["Paper & Sons, Antwerp"]}
PICKUP = {"description": "Whether customers can pick up their orders"}
DELIVERY = {"description": "Whether orders are delivered"}


SLUG = {
    "description": "The name in public addresses, unique among all shops. The world sees the shop there; null: it sees "
    "nothing",
    "examples": ["paper-antwerp"],
}
STOCK_DISPLAY = {"description": "What the world sees: the units, whether few are left, or whether there are any"}


class StockDisplay(Choice):
    """What a shop shows of its stock."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("StockDisplay", ("exact", "few_left", "in_stock"), **kwargs)


class ShopChangeSchema(Schema):
    """The fields of a shop to change. A shop offers pick-up, delivery or both."""

    name = Name(metadata=NAME)
    offers_pickup = StrictBoolean(metadata=PICKUP)
    offers_delivery = StrictBoolean(metadata=DELIVERY)
    slug = Slug(allow_none=True, metadata=SLUG)
    stock_display = StockDisplay(metadata=STOCK_DISPLAY)


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
    slug = fields.String(allow_none=True, metadata=SLUG)
    stock_display = StockDisplay(metadata=STOCK_DISPLAY)
    version = fields.Integer(metadata={"examples": [1]})
    created_at = fields.AwareDateTime()
    closed_at = fields.AwareDateTime(allow_none=True)
