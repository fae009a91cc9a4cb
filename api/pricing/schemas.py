"""Request and response schemas of price lists and quotes."""

from typing import Any

from marshmallow import fields, post_load, validate

from api.http.fields import List, Name, QueryInteger, StrictBoolean
from api.http.responses import AmountOf, MoneySchema, ResponseSchema
from api.http.schemas import PriceSchema, Schema
from domain.pricing.price_lists import ListPriceRequest

MAX_PRICES, MAX_QUOTES, MAX_UNITS, MAX_PRIORITY = 500, 100, 1_000_000, 1_000
NAME = {"examples": ["Wholesale"]}
STARTS_AT = {"description": "The prices apply from then on", "examples": ["2027-01-01T00:00:00Z"]}
ENDS_AT = {"description": "The prices apply until then; null: no end", "examples": ["2027-02-01T00:00:00Z"]}
SHOP = {"description": "The only shop of the list; null: all shops"}
GROUP = {"description": "The only group of customers of the list; null: everybody"}
PRIORITY = {
    "description": "Of several lists with a price the one with the highest priority applies, of equal ones the newest",
    "examples": [10],
}
IS_SALE = {"description": "Whether its prices are announced as a reduction"}
MIN_QUANTITY = {"description": "The price applies to lines of at least this number of units", "examples": [1]}
EXAMPLE_ID = {"examples": ["01a1f9fb-f0a3-7411-8c5b-3f1d6a52c0de"]}


class PriceListChangeSchema(Schema):
    """The fields of a price list to change."""

    name = Name(metadata=NAME)
    starts_at = fields.AwareDateTime(metadata=STARTS_AT)
    ends_at = fields.AwareDateTime(allow_none=True, metadata=ENDS_AT)


class NewPriceListSchema(PriceListChangeSchema):
    """A new price list. It applies now if it has no `starts_at`."""

    name = Name(required=True, metadata=NAME)
    shop_id = fields.UUID(allow_none=True, metadata=SHOP)
    group_id = fields.UUID(allow_none=True, metadata=GROUP)
    priority = fields.Integer(
        strict=True, validate=validate.Range(min=-MAX_PRIORITY, max=MAX_PRIORITY), metadata=PRIORITY
    )  # fmt: skip
    is_sale = StrictBoolean(metadata=IS_SALE)


class ListPriceChangeSchema(Schema):
    """A price of a variant in a list."""

    variant_id = fields.UUID(required=True, metadata=EXAMPLE_ID)
    min_quantity = fields.Integer(
        strict=True, load_default=1, validate=validate.Range(min=1, max=MAX_UNITS), metadata=MIN_QUANTITY
    )  # fmt: skip
    price = fields.Nested(
        PriceSchema, required=True, allow_none=True, metadata={"description": "Null removes it from the list"}
    )  # fmt: skip

    @post_load
    def as_request(self, data: dict[str, Any], **_: Any) -> ListPriceRequest:
        """The price as the domain takes it."""
        return ListPriceRequest(**data)


class ListPricesChangeSchema(Schema):
    """Prices to set or remove. The other prices of the list stay."""

    prices = List(fields.Nested(ListPriceChangeSchema), required=True, min_items=1, max_items=MAX_PRICES)


class PriceListSchema(ResponseSchema):
    """A price list. Its `version` is its ETag."""

    id = fields.UUID()
    name = fields.String(metadata=NAME)
    shop_id = fields.UUID(allow_none=True, metadata=SHOP)
    group_id = fields.UUID(allow_none=True, metadata=GROUP)
    priority = fields.Integer(metadata=PRIORITY)
    is_sale = fields.Boolean(metadata=IS_SALE)
    starts_at = fields.AwareDateTime(metadata=STARTS_AT)
    ends_at = fields.AwareDateTime(allow_none=True, metadata=ENDS_AT)
    version = fields.Integer(metadata={"examples": [1]})
    created_at = fields.AwareDateTime()


class ListPriceSchema(ResponseSchema):
    """A price of a variant in a list."""

    id = fields.UUID()
    variant_id = fields.UUID()
    min_quantity = fields.Integer(metadata=MIN_QUANTITY)
    price = AmountOf()
    valid_from = fields.AwareDateTime()


class QuotesQuery(Schema):
    """What to quote the prices of, for whom, where and when."""

    shop_id = fields.UUID(required=True)
    variant_id = List(
        fields.UUID(), required=True, min_items=1, max_items=MAX_QUOTES,
        metadata={"description": "Repeat it for several variants"},
    )  # fmt: skip
    quantity = QueryInteger(load_default=1, validate=validate.Range(min=1, max=MAX_UNITS))
    customer_id = fields.UUID(load_default=None, metadata={"description": "For whom; left out: for everybody"})
    at = fields.AwareDateTime(load_default=None, metadata={"description": "When; left out: now"})


class QuoteSchema(ResponseSchema):
    """What one unit of a variant costs, and why."""

    variant_id = fields.UUID()
    quantity = fields.Integer(metadata={"examples": [1]})
    price = fields.Nested(MoneySchema)
    base_price = fields.Nested(MoneySchema)
    price_list_id = fields.UUID(allow_none=True, metadata={"description": "Null: it is the base price"})
    is_sale = fields.Boolean(metadata=IS_SALE)
    lowest_price_before = fields.Nested(
        MoneySchema,
        allow_none=True,
        metadata={
            "description": "Of a reduction: the lowest price in the 30 days before (Directive 98/6/EC, article 6a); "
            "null: not reduced, or not offered before"
        },
    )


class QuotesSchema(ResponseSchema):
    """Prices of variants."""

    data = fields.List(fields.Nested(QuoteSchema))
