"""What a shop shows the world: response schemas without anything that only members may see."""

from marshmallow import fields

from api.catalogue.schemas import (
    BRAND,
    DESCRIPTION,
    MANUFACTURER,
    MAX_QUANTITY,
    MIN_QUANTITY,
    NAME,
    QUANTITY_STEP,
    SAFETY,
    SKU,
    SLUG_OF_PRODUCT,
    OptionSchema,
)
from api.catalogue.variant_schemas import OPTIONS, TITLE
from api.http.fields import Text
from api.http.responses import AddressSchema, MoneySchema, ResponseSchema
from api.http.schemas import PageQuery

NOT_SHOWN = {"description": "Null: the shop does not show it"}
LOWEST = {
    "description": "Of a reduction: the lowest price in the 30 days before (Directive 98/6/EC, article 6a); null: not "
    "reduced, or not offered before"
}


class PublicLocationSchema(ResponseSchema):
    """A location of a shop."""

    name = fields.String(metadata={"examples": ["Harbour Street"]})
    address = fields.Nested(AddressSchema)
    time_zone = fields.String(metadata={"examples": ["Europe/Brussels"]})
    opening_hours = fields.String(
        allow_none=True, metadata={"description": "OpenStreetMap's syntax", "examples": ["Mo-Fr 09:00-18:00"]}
    )
    offers_pickup = fields.Boolean()


class PublicShopSchema(ResponseSchema):
    """A shop as the world sees it."""

    id = fields.UUID()
    slug = fields.String(metadata={"examples": ["paper-antwerp"]})
    name = fields.String(metadata={"examples": ["Paper & Sons, Antwerp"]})
    offers_pickup = fields.Boolean()
    offers_delivery = fields.Boolean()
    locations = fields.List(fields.Nested(PublicLocationSchema))


class PublicCategorySchema(ResponseSchema):
    """A category of products."""

    id = fields.UUID()
    parent_id = fields.UUID(allow_none=True, metadata={"description": "The category that it is in; null: none"})
    name = fields.String(metadata={"examples": ["Notebooks"]})
    slug = fields.String(metadata={"examples": ["notebooks"]})


class PublicCategoriesSchema(ResponseSchema):
    """All categories."""

    data = fields.List(fields.Nested(PublicCategorySchema))


class PublicProductsQuery(PageQuery):
    """Filters for the list of products."""

    category = Text(load_default=None, metadata={"description": "The slug of a category", "examples": ["notebooks"]})


class AvailabilitySchema(ResponseSchema):
    """What the shop shows of its stock."""

    in_stock = fields.Boolean()
    few_left = fields.Boolean(allow_none=True, metadata=NOT_SHOWN)
    units = fields.Integer(allow_none=True, metadata={**NOT_SHOWN, "examples": [7]})


class PublicPriceSchema(ResponseSchema):
    """What one unit costs everybody now."""

    price = fields.Nested(MoneySchema)
    is_sale = fields.Boolean(metadata={"description": "Whether the price is reduced"})
    lowest_price_before = fields.Nested(MoneySchema, allow_none=True, metadata=LOWEST)


class UnitPriceSchema(ResponseSchema):
    """The price of a unit of what a variant contains (Directive 98/6/EC, article 3)."""

    price = fields.Nested(MoneySchema)
    unit = fields.String(metadata={"description": "kg, l, m, m2 or piece", "examples": ["kg"]})


class PublicVariantSchema(PublicPriceSchema):
    """A variant that can be ordered."""

    id = fields.UUID()
    sku = fields.String(metadata=SKU)
    title = fields.String(metadata=TITLE)
    options = fields.Dict(keys=fields.String(), values=fields.String(), metadata=OPTIONS)
    gtin = fields.String(allow_none=True, metadata={"examples": ["4006381333931"]})
    unit_price = fields.Nested(UnitPriceSchema, allow_none=True, metadata={"description": "Null: unknown content"})
    availability = fields.Nested(AvailabilitySchema)


class PublicProductSchema(PublicPriceSchema):
    """A product in a list, with the price of its first variant."""

    id = fields.UUID()
    slug = fields.String(allow_none=True, metadata=SLUG_OF_PRODUCT)
    name = fields.String(metadata=NAME)
    brand = fields.String(allow_none=True, metadata=BRAND)
    tags = fields.List(fields.String())


class PublicProductDetailsSchema(PublicProductSchema):
    """A product with its variants."""

    description = fields.String(metadata=DESCRIPTION)
    seo_title = fields.String()
    seo_description = fields.String()
    manufacturer = fields.String(metadata=MANUFACTURER)
    safety_information = fields.String(metadata=SAFETY)
    min_quantity = fields.Integer(metadata=MIN_QUANTITY)
    max_quantity = fields.Integer(allow_none=True, metadata=MAX_QUANTITY)
    quantity_step = fields.Integer(metadata=QUANTITY_STEP)
    options = fields.List(fields.Nested(OptionSchema))
    variants = fields.List(fields.Nested(PublicVariantSchema))
