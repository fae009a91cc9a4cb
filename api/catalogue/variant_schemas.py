"""Request and response schemas of variants, options, and the shops that sell a product."""

from collections.abc import Callable
from typing import Any

from marshmallow import fields, post_load, validate

from api.catalogue.schemas import LOW_STOCK, SKU, InShopQuery, Threshold
from api.http.choices import Choice
from api.http.fields import BoundedString, Country, List, Name, StrictBoolean, checked
from api.http.responses import AmountOf, ResponseSchema
from api.http.schemas import PageQuery, PriceSchema, Schema
from domain.catalogue import codes
from domain.catalogue.unit_prices import BASES
from domain.catalogue.variant_rules import MAX_OPTIONS, MAX_VALUES, MAX_VARIANTS, Option, VariantRequest

MAX_GRAMS, MAX_MILLIMETRES, MAX_CODE_LENGTH = 1_000_000_000, 1_000_000, 40
GTIN = {"description": "GTIN-8, -12, -13 or -14, such as an EAN; null removes it", "examples": ["4006381333931"]}
HS_CODE = {"description": "Customs code of the Harmonized System; null removes it", "examples": ["48201030"]}
WEIGHT = {"description": "With its packing, in grams; null: unknown", "examples": [250]}
SIZE = {"description": "With its packing, in millimetres; null: unknown", "examples": [210]}
OPTIONS = {"description": "A value for each option of the product", "examples": [{"Size": "A5"}]}
TITLE = {"description": "The values of the options", "examples": ["A5 / Red"]}


CONTENT = {
    "description": "What it contains, in `content_unit`; null: unknown",
    "examples": [250],
}
CONTENT_UNIT = {"description": "The unit of `content_amount`; null: unknown", "examples": ["g"]}


class ContentUnit(Choice):
    """The unit of what a variant contains."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("ContentUnit", BASES, **kwargs)


class Code(BoundedString):
    """A code of goods in its canonical form."""

    def __init__(self, canonical: Callable[[str], str], *, pattern: str, metadata: dict[str, Any]) -> None:
        self._canonical = canonical
        super().__init__(
            max_length=MAX_CODE_LENGTH, allow_none=True, metadata={"pattern": f"^{pattern}$", **metadata}
        )  # fmt: skip

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        return checked(self._canonical, super()._deserialize(*args, **kwargs))


class Origin(Country):
    """The country of origin, or null."""

    def __init__(self) -> None:
        super().__init__(allow_none=True)
        self.metadata["description"] = "Country of origin, ISO 3166-1 alpha-2; null removes it"


def measure(maximum: int, metadata: dict[str, Any]) -> fields.Integer:
    """A weight or a length, from 1, or null."""
    return fields.Integer(
        strict=True, allow_none=True, validate=validate.Range(min=1, max=maximum), metadata=metadata
    )  # fmt: skip


class VariantChangeSchema(Schema):
    """The fields of a variant to change."""

    price = fields.Nested(PriceSchema)
    low_stock_threshold = Threshold()
    gtin = Code(codes.gtin, pattern=codes.GTIN, metadata=GTIN)
    weight_grams = measure(MAX_GRAMS, WEIGHT)
    length_mm = measure(MAX_MILLIMETRES, SIZE)
    width_mm = measure(MAX_MILLIMETRES, SIZE)
    height_mm = measure(MAX_MILLIMETRES, SIZE)
    origin_country = Origin()
    hs_code = Code(codes.hs_code, pattern=codes.HS_CODE, metadata=HS_CODE)
    content_amount = measure(MAX_GRAMS, CONTENT)
    content_unit = ContentUnit(allow_none=True, metadata=CONTENT_UNIT)


class NewVariantSchema(VariantChangeSchema):
    """A variant of a product, known by its SKU."""

    sku = Name(required=True, max_length=64, metadata=SKU)
    price = fields.Nested(PriceSchema, required=True)
    options = fields.Dict(keys=Name(), values=Name(), validate=validate.Length(max=MAX_OPTIONS), metadata=OPTIONS)

    @post_load
    def as_request(self, data: dict[str, Any], **_: Any) -> VariantRequest:
        """The variant as the domain takes it."""
        return VariantRequest(**data)


class NewOptionSchema(Schema):
    """What the variants of a product differ in, and its values in the order in which a shop shows them."""

    name = Name(required=True, max_length=64, metadata={"examples": ["Size"]})
    values = List(
        Name(max_length=64), required=True, min_items=1, max_items=MAX_VALUES, metadata={"examples": [["A5", "A4"]]}
    )

    @post_load
    def as_option(self, data: dict[str, Any], **_: Any) -> Option:
        """The option as the domain takes it."""
        return Option(**data)


class VariantsOfProductSchema(Schema):
    """The options and the variants of a product."""

    options = List(fields.Nested(NewOptionSchema), required=True, max_items=MAX_OPTIONS)
    variants = List(fields.Nested(NewVariantSchema), required=True, min_items=1, max_items=MAX_VARIANTS)
    partial = StrictBoolean(metadata={"description": "Whether variants that are left out stay"})


class VariantSchema(ResponseSchema):
    """A variant of a product: what is stocked and ordered. Its `id` is a `product_id` in orders and stock."""

    id = fields.UUID()
    product_id = fields.UUID()
    sku = fields.String(metadata=SKU)
    title = fields.String(metadata=TITLE)
    options = fields.Dict(keys=fields.String(), values=fields.String(), metadata=OPTIONS)
    price = AmountOf()
    low_stock_threshold = fields.Integer(allow_none=True, metadata=LOW_STOCK)
    gtin = fields.String(allow_none=True, metadata=GTIN)
    weight_grams = fields.Integer(allow_none=True, metadata=WEIGHT)
    length_mm = fields.Integer(allow_none=True, metadata=SIZE)
    width_mm = fields.Integer(allow_none=True, metadata=SIZE)
    height_mm = fields.Integer(allow_none=True, metadata=SIZE)
    origin_country = fields.String(allow_none=True, metadata={"examples": ["DE"]})
    hs_code = fields.String(allow_none=True, metadata=HS_CODE)
    content_amount = fields.Integer(allow_none=True, metadata=CONTENT)
    content_unit = ContentUnit(allow_none=True, metadata=CONTENT_UNIT)
    created_at = fields.AwareDateTime()


class VariantsQuery(InShopQuery, PageQuery):
    """Filters for the list of variants."""


class ListingSchema(ResponseSchema):
    """A shop that sells the product."""

    shop_id = fields.UUID()
    listed_at = fields.AwareDateTime()


class ListingsSchema(ResponseSchema):
    """The shops that sell a product."""

    data = fields.List(fields.Nested(ListingSchema))
