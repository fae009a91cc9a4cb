"""Request and response schemas of customers and their groups."""

from typing import Any

from marshmallow import fields

from api.http.choices import Choice
from api.http.contacts import LOCALE, Language, Phone, SavedAddressSchema
from api.http.fields import EmailAddress, FullMatch, List, MultilineText, Name, StrictBoolean, Text
from api.http.responses import ResponseSchema
from api.http.schemas import PageQuery, Schema
from domain.customers.field_limits import (
    MAX_GROUPS,
    MAX_NOTE_LENGTH,
    MAX_TAG_LENGTH,
    MAX_TAGS,
    VAT_ID_EXPECTED,
    VAT_ID_FORMAT,
)
from domain.customers.queries import CustomerDetails
from kit.tabular.formats import KINDS

NAME = {"examples": ["Ada Lovelace"]}
EMAIL = {"examples": ["ada@customers.example"]}
PHONE = {"format": "phone", "examples": ["+44 20 7946 0958"]}
VAT_ID = {"description": "VAT identification number with its country code", "examples": ["DE123456789"]}
TAGS = {"examples": [["press", "early adopter"]]}
NOTE = {"description": "For members only; the customer never sees it", "examples": ["Prefers to be called."]}
MARKETING = {"description": "Whether the customer has agreed to receive advertising"}


class CustomerChangeSchema(Schema):
    """The fields of a customer to change."""

    name = Name(metadata=NAME)
    email = EmailAddress(allow_none=True, metadata={**EMAIL, "description": "Null removes it"})
    phone = Phone(allow_none=True, metadata={**PHONE, "description": "Null removes it"})
    locale = Language(allow_none=True, metadata={**LOCALE, "description": "BCP 47; null removes it"})
    vat_id = fields.String(
        allow_none=True,
        validate=FullMatch(VAT_ID_FORMAT, error=VAT_ID_EXPECTED),
        metadata={**VAT_ID, "pattern": VAT_ID_FORMAT, "description": f"{VAT_ID['description']}; null removes it"},
    )
    tax_exempt = StrictBoolean()
    tags = List(Text(max_length=MAX_TAG_LENGTH), max_items=MAX_TAGS, metadata=TAGS)
    note = MultilineText(max_length=MAX_NOTE_LENGTH, metadata=NOTE)
    accepts_marketing = StrictBoolean(metadata=MARKETING)


class NewCustomerSchema(CustomerChangeSchema):
    """A new customer, a guest. Users become customers by their first order."""

    name = Name(required=True, metadata=NAME)


class GroupsOfCustomerSchema(Schema):
    """All groups of a customer."""

    group_ids = List(
        fields.UUID(),
        required=True,
        max_items=MAX_GROUPS,
        metadata={"examples": [["01a1f9fb-f07c-7766-bd40-d664d485d37e"]]},
    )


class MergeSchema(Schema):
    """The guest that is merged into a customer."""

    guest_id = fields.UUID(required=True, metadata={"examples": ["01a1f9fb-f07c-7766-bd40-d664d485d37e"]})


class CustomerSchema(ResponseSchema):
    """A customer. Its `version` is its ETag."""

    id = fields.UUID()
    user_id = fields.UUID(allow_none=True, metadata={"description": "Null for guests"})
    name = fields.String(metadata=NAME)
    email = fields.String(allow_none=True, metadata={"format": "email", **EMAIL})
    phone = fields.String(allow_none=True, metadata=PHONE)
    locale = fields.String(allow_none=True, metadata=LOCALE)
    vat_id = fields.String(allow_none=True, metadata=VAT_ID)
    tax_exempt = fields.Boolean()
    tags = fields.List(fields.String(), metadata=TAGS)
    note = fields.String(metadata=NOTE)
    accepts_marketing = fields.Boolean(metadata=MARKETING)
    marketing_decided_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "When the customer last agreed, or withdrew the consent"}
    )
    version = fields.Integer(metadata={"examples": [1]})
    created_at = fields.AwareDateTime()


class CustomerDetailsSchema(CustomerSchema):
    """A customer with groups and addresses."""

    group_ids = fields.List(fields.UUID())
    addresses = fields.List(fields.Nested(SavedAddressSchema))

    def get_attribute(self, obj: CustomerDetails, attr: str, default: Any) -> Any:
        """The field of the details, or else of the customer (marshmallow's hook)."""
        of = obj if attr in obj._fields else obj.customer
        return super().get_attribute(of, attr, default)


class CustomerRecordSchema(ResponseSchema):
    """What a company knows about a user as its customer."""

    company_id = fields.UUID(attribute="customer.company_id")
    customer = fields.Nested(CustomerSchema)
    addresses = fields.List(fields.Nested(SavedAddressSchema))


class CustomersQuery(PageQuery):
    """Filters for the list of customers."""

    search = Text(
        load_default=None, metadata={"description": "A part of the name, the mail address or the phone number"}
    )
    group_id = fields.UUID(load_default=None)
    tag = Text(load_default=None, max_length=MAX_TAG_LENGTH)


class ExportQuery(Schema):
    """How to write the file."""

    format = Choice("FileKind", KINDS, load_default="csv")


class NewGroupSchema(Schema):
    """A group of customers."""

    name = Text(required=True, metadata={"examples": ["Wholesale"]})


class GroupSchema(ResponseSchema):
    """A group of customers."""

    id = fields.UUID()
    name = fields.String(metadata={"examples": ["Wholesale"]})
    created_at = fields.AwareDateTime()
