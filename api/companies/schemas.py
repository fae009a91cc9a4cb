"""Request and response schemas of companies and plans."""

from marshmallow import fields, validate

from api.http.choices import Choice
from api.http.contacts import LOCALE as LANGUAGE
from api.http.contacts import Language
from api.http.fields import (
    CURRENCY_CODE,
    EmailAddress,
    FullMatch,
    Name,
    StrictBoolean,
    Text,
    WebAddress,
    require_currency,
)
from api.http.responses import ResponseSchema
from api.http.schemas import STORED_ONLY, NestedValueObject, Schema, ValueObjectSchema
from domain.companies.plans import LIMITS, SELECTABLE_PLANS
from kit.money import LARGEST_AMOUNT

NAME = {"examples": ["Paper & Sons"]}
EMAIL = {"examples": ["hello@paper.example"]}
CURRENCY = {
    "description": "ISO 4217; the currency of all prices, which cannot change",
    "pattern": CURRENCY_CODE,
    "examples": ["EUR"],
}
DISCOUNT = {"description": "Whether members may give discounts on orders"}
MAX_DISCOUNT = {"description": "The maximum discount on an order in percent", "examples": [20]}
CARDS = {"description": "Whether orders may contain card data, instead of a token of the payment provider"}
LOCALE = {**LANGUAGE, "description": f"The language of the company (BCP 47). {STORED_ONLY}"}
TAX = {"description": f"Whether prices include tax. {STORED_ONLY}"}
EXPIRY = {"description": f"Minutes until an unpaid order expires. {STORED_ONLY}", "examples": [60]}
LOW_STOCK = {"description": f"Stock below this number of units is low; 0: never. {STORED_ONLY}", "examples": [5]}
REASON = {"description": "Stored in the history", "examples": ["Invoices of three months are open"]}
MAX_EXPIRY_MINUTES = 30 * 24 * 60
"""Minutes."""
REFUND_LIMIT = {
    "description": (
        "A refund above this amount, in minor units, must be executed by another person than the one who granted it; "
        "null: no limit"
    ),
    "examples": [50000],
}


class NewBrandingSchema(ValueObjectSchema):
    """The appearance of the company's mails about orders. All fields are optional."""

    name = Name(metadata={"description": "The name of the sender", "examples": ["Paper & Sons"]})
    colour = fields.String(
        validate=FullMatch("^#[0-9a-fA-F]{6}$", error="Send # and six hexadecimal digits."),
        metadata={"examples": ["#1f4e79"]},
    )
    logo_url = WebAddress(metadata={"examples": ["https://paper.example/logo.png"]})
    reply_to = EmailAddress(metadata=EMAIL)
    footer = Text(max_length=1000, metadata={"examples": ["Paper & Sons, 1 Harbour Street, Antwerp"]})


class CompanyChangeSchema(Schema):
    """The fields of a company to change. `branding` is replaced as a whole."""

    name = Name(metadata=NAME)
    email = EmailAddress(metadata=EMAIL)
    allows_discount = StrictBoolean(metadata=DISCOUNT)
    max_discount_percent = fields.Integer(strict=True, validate=validate.Range(min=0, max=100), metadata=MAX_DISCOUNT)
    accepts_raw_cards = StrictBoolean(metadata=CARDS)
    locale = Language(metadata=LOCALE)
    prices_include_tax = StrictBoolean(metadata=TAX)
    order_expiry_minutes = fields.Integer(
        strict=True, validate=validate.Range(min=5, max=MAX_EXPIRY_MINUTES), metadata=EXPIRY
    )
    low_stock_threshold = fields.Integer(
        strict=True, validate=validate.Range(min=0, max=LARGEST_AMOUNT), metadata=LOW_STOCK
    )
    refund_limit = fields.Integer(
        strict=True, allow_none=True, validate=validate.Range(min=0, max=LARGEST_AMOUNT), metadata=REFUND_LIMIT
    )
    branding = NestedValueObject(NewBrandingSchema, metadata={"description": "Null removes it"})


class NewCompanySchema(CompanyChangeSchema):
    """A new company."""

    name = Name(required=True, metadata=NAME)
    email = EmailAddress(required=True, metadata=EMAIL)
    currency = fields.String(required=True, validate=require_currency, metadata=CURRENCY)


class BrandingSchema(ResponseSchema):
    """The appearance of the company's mails about orders."""

    optional = frozenset({"name", "colour", "logo_url", "reply_to", "footer"})

    name = fields.String(metadata={"examples": ["Paper & Sons"]})
    colour = fields.String(metadata={"examples": ["#1f4e79"]})
    logo_url = fields.String(metadata={"format": "uri", "examples": ["https://paper.example/logo.png"]})
    reply_to = fields.String(metadata=EMAIL)
    footer = fields.String()


class CompanySchema(ResponseSchema):
    """A company. Its `version` is its ETag."""

    id = fields.UUID()
    name = fields.String(metadata=NAME)
    email = fields.String(metadata=EMAIL)
    currency = fields.String(metadata=CURRENCY)
    allows_discount = fields.Boolean(metadata=DISCOUNT)
    max_discount_percent = fields.Integer(metadata=MAX_DISCOUNT)
    accepts_raw_cards = fields.Boolean(metadata=CARDS)
    locale = fields.String(metadata=LOCALE)
    prices_include_tax = fields.Boolean(metadata=TAX)
    order_expiry_minutes = fields.Integer(metadata=EXPIRY)
    low_stock_threshold = fields.Integer(metadata=LOW_STOCK)
    refund_limit = fields.Integer(allow_none=True, metadata=REFUND_LIMIT)
    branding = fields.Nested(BrandingSchema)
    lifecycle_state = fields.String(
        metadata={"description": "active, suspended, closing or closed; read-only unless active"},
    )
    plan = fields.String(metadata={"examples": ["standard"]})
    deletion_due_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer(metadata={"examples": [1]})
    created_at = fields.AwareDateTime()


class PlanSchema(ResponseSchema):
    """A plan and its limits; null: no limit."""

    name = fields.String(metadata={"examples": ["standard"]})
    shops = fields.Integer(allow_none=True)
    products = fields.Integer(allow_none=True, metadata={"description": "In open shops"})
    orders_per_month = fields.Integer(allow_none=True, metadata={"description": "In a calendar month (UTC)"})
    requests_per_minute = fields.Integer(
        allow_none=True,
        metadata={
            "description": "Of all users and API keys of the company together; this server may have a lower limit"
        },
    )


class PlansSchema(ResponseSchema):
    """All plans."""

    data = fields.List(fields.Nested(PlanSchema))


class PlanChangeSchema(Schema):
    """The new plan."""

    plan = Choice("SelectablePlan", SELECTABLE_PLANS, required=True)


class SubscriptionSchema(ResponseSchema):
    """The plan of a company, the plan in force (the free plan after a trial), and the current usage."""

    plan = fields.String(metadata={"examples": ["trial"]})
    trial_ends_at = fields.AwareDateTime(allow_none=True)
    effective_plan = fields.Nested(PlanSchema)
    usage = fields.Dict(
        keys=fields.String(validate=validate.OneOf(LIMITS)), values=fields.Integer(),
        metadata={"examples": [{"shops": 1, "products": 20, "orders_per_month": 314}]},
    )  # fmt: skip


class ReasonSchema(Schema):
    """The reason for a decision."""

    reason = Text(required=True, max_length=1000, metadata=REASON)


class CompanyEventSchema(ResponseSchema):
    """A decision about a company, in its history."""

    id = fields.UUID()
    event = fields.String(metadata={"examples": ["plan_changed"]})
    decided_by = fields.UUID(
        allow_none=True, metadata={"description": "The id of a user or API key; null: automatically"}
    )
    detail = fields.Dict(metadata={"examples": [{"before": "trial", "after": "standard"}]})
    happened_at = fields.AwareDateTime()
