"""What companies take and answer."""

from marshmallow import fields, validate

from api.answers import AnswerSchema
from api.choices import Choice
from api.identity.own_schemas import LOCALE as LANGUAGE
from api.identity.own_schemas import Language
from api.schemas import (
    CURRENCY_CODE,
    NOT_YET,
    EmailAddress,
    Flag,
    Like,
    Name,
    Schema,
    Text,
    WebAddress,
    Whole,
    WholeSchema,
    known_currency,
)
from domain.companies.plans import LIMITS, SELECTABLE_PLANS
from kit.money import LARGEST_AMOUNT

NAME = {"examples": ["Paper & Sons"]}
EMAIL = {"examples": ["hello@paper.example"]}
CURRENCY = {
    "description": "ISO 4217; all prices are in it, and it never changes",
    "pattern": CURRENCY_CODE,
    "examples": ["EUR"],
}
DISCOUNT = {"description": "Whether its members may give a discount on an order"}
MOST_DISCOUNT = {"description": "Percent of an order that they may give at most", "examples": [20]}
CARDS = {"description": "Whether orders may hold a card, rather than a provider's token"}
LOCALE = {**LANGUAGE, "description": f"Its language (BCP 47). {NOT_YET}"}
TAX = {"description": f"Whether its prices include tax. {NOT_YET}"}
EXPIRY = {"description": f"Minutes that an order may go unpaid. {NOT_YET}", "examples": [60]}
LOW_STOCK = {"description": f"Fewer units of a product than this are few; 0: never. {NOT_YET}", "examples": [5]}
REASON = {"description": "Kept on record", "examples": ["Invoices of three months are open"]}
LONGEST_EXPIRY = 30 * 24 * 60
"""Minutes."""


class NewBrandingSchema(WholeSchema):
    """What the company's mails about orders look like. Leave out what it does not care for, or send null."""

    name = Name(metadata={"description": "Who they are from", "examples": ["Paper & Sons"]})
    colour = fields.String(
        validate=Like("^#[0-9a-fA-F]{6}$", error="# and six hexadecimal digits."),
        metadata={"examples": ["#1f4e79"]},
    )
    logo_url = WebAddress(metadata={"examples": ["https://paper.example/logo.png"]})
    reply_to = EmailAddress(metadata=EMAIL)
    footer = Text(longest=1000, metadata={"examples": ["Paper & Sons, 1 Harbour Street, Antwerp"]})


class CompanyChangeSchema(Schema):
    """What to change of a company; leave out what stays. `branding` is replaced as a whole."""

    name = Name(metadata=NAME)
    email = EmailAddress(metadata=EMAIL)
    allows_discount = Flag(metadata=DISCOUNT)
    max_discount_percent = fields.Integer(strict=True, validate=validate.Range(min=0, max=100), metadata=MOST_DISCOUNT)
    accepts_raw_cards = Flag(metadata=CARDS)
    locale = Language(metadata=LOCALE)
    prices_include_tax = Flag(metadata=TAX)
    order_expiry_minutes = fields.Integer(
        strict=True, validate=validate.Range(min=5, max=LONGEST_EXPIRY), metadata=EXPIRY
    )
    low_stock_threshold = fields.Integer(
        strict=True, validate=validate.Range(min=0, max=LARGEST_AMOUNT), metadata=LOW_STOCK
    )
    branding = Whole(NewBrandingSchema, metadata={"description": "Null: none"})


class NewCompanySchema(CompanyChangeSchema):
    """A company to found."""

    name = Name(required=True, metadata=NAME)
    email = EmailAddress(required=True, metadata=EMAIL)
    currency = fields.String(required=True, validate=known_currency, metadata=CURRENCY)


class BrandingSchema(AnswerSchema):
    """What the company's mails about orders look like, as far as it cares."""

    optional = frozenset({"name", "colour", "logo_url", "reply_to", "footer"})

    name = fields.String(metadata={"examples": ["Paper & Sons"]})
    colour = fields.String(metadata={"examples": ["#1f4e79"]})
    logo_url = fields.String(metadata={"format": "uri", "examples": ["https://paper.example/logo.png"]})
    reply_to = fields.String(metadata=EMAIL)
    footer = fields.String()


class CompanySchema(AnswerSchema):
    """A company. Its `version` is its ETag."""

    id = fields.UUID()
    name = fields.String(metadata=NAME)
    email = fields.String(metadata=EMAIL)
    currency = fields.String(metadata=CURRENCY)
    allows_discount = fields.Boolean(metadata=DISCOUNT)
    max_discount_percent = fields.Integer(metadata=MOST_DISCOUNT)
    accepts_raw_cards = fields.Boolean(metadata=CARDS)
    locale = fields.String(metadata=LOCALE)
    prices_include_tax = fields.Boolean(metadata=TAX)
    order_expiry_minutes = fields.Integer(metadata=EXPIRY)
    low_stock_threshold = fields.Integer(metadata=LOW_STOCK)
    branding = fields.Nested(BrandingSchema)
    standing = fields.String(
        attribute="lifecycle_state",
        metadata={"description": "active, suspended, closing or closed. Unless active, the company is read-only."},
    )
    plan = fields.String(metadata={"examples": ["standard"]})
    deletion_due_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer(metadata={"examples": [1]})
    created_at = fields.AwareDateTime()


class PlanSchema(AnswerSchema):
    """What a plan allows; null where there is no limit."""

    name = fields.String(metadata={"examples": ["standard"]})
    shops = fields.Integer(allow_none=True)
    products = fields.Integer(allow_none=True, metadata={"description": "In shops that are open"})
    orders_a_month = fields.Integer(allow_none=True, metadata={"description": "Of a calendar month (UTC)"})
    requests_a_minute = fields.Integer(
        allow_none=True, metadata={"description": "Of all who act for the company; this server may allow fewer"}
    )


class PlansSchema(AnswerSchema):
    """The plans there are."""

    data = fields.List(fields.Nested(PlanSchema))


class ChosenPlanSchema(Schema):
    """The plan to be on."""

    plan = Choice("PlanToChoose", SELECTABLE_PLANS, required=True)


class SubscriptionSchema(AnswerSchema):
    """The plan a company is on, the one in force (the free one once a trial is over), and what is used of it."""

    plan = fields.String(metadata={"examples": ["trial"]})
    trial_ends_at = fields.AwareDateTime(allow_none=True)
    in_force = fields.Nested(PlanSchema)
    in_use = fields.Dict(
        keys=fields.String(validate=validate.OneOf(LIMITS)), values=fields.Integer(),
        metadata={"examples": [{"shops": 1, "products": 20, "orders_a_month": 314}]},
    )  # fmt: skip


class DecisionSchema(Schema):
    """Why something is decided."""

    reason = Text(required=True, longest=1000, metadata=REASON)


class CompanyEventSchema(AnswerSchema):
    """Something that was decided about a company."""

    id = fields.UUID()
    event = fields.String(metadata={"examples": ["plan_changed"]})
    decided_by = fields.UUID(allow_none=True, metadata={"description": "A user or API key; null: it was time"})
    detail = fields.Dict(metadata={"examples": [{"before": "trial", "after": "standard"}]})
    happened_at = fields.AwareDateTime()
