"""What companies take and answer."""

from marshmallow import fields

from api.schemas import CURRENCY_CODE, EmailAddress, Flag, Schema, Text, known_currency

NAME = {"examples": ["Paper & Sons"]}
EMAIL = {"examples": ["hello@paper.example"]}
CURRENCY = {
    "description": "ISO 4217; all prices are in it, and it never changes",
    "pattern": CURRENCY_CODE,
    "examples": ["EUR"],
}


class NewCompanySchema(Schema):
    """A company to found."""

    name = Text(required=True, metadata=NAME)
    email = EmailAddress(required=True, metadata=EMAIL)
    currency = fields.String(required=True, validate=known_currency, metadata=CURRENCY)
    allows_discount = Flag(load_default=False)


class CompanyChangeSchema(Schema):
    """What to change of a company; leave out what stays."""

    name = Text(metadata=NAME)
    email = EmailAddress(metadata=EMAIL)
    allows_discount = Flag(metadata={"description": "Whether orders may name a discount"})
    accepts_raw_cards = Flag(metadata={"description": "Whether orders may hold a card, rather than a provider's token"})


class CompanySchema(Schema):
    """A company."""

    id = fields.UUID()
    name = fields.String(metadata=NAME)
    email = fields.String(metadata=EMAIL)
    currency = fields.String(metadata=CURRENCY)
    allows_discount = fields.Boolean()
    accepts_raw_cards = fields.Boolean()
    created_at = fields.AwareDateTime()
