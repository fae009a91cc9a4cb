"""Schemas of a user's profile, saved addresses and data export."""

from marshmallow import fields

from api.accounts.schemas import (
    NOTIFICATIONS,
    NotificationsChangeSchema,
)
from api.http.contacts import LOCALE, TIME_ZONE, Language, Phone, SavedAddressSchema, require_time_zone
from api.http.fields import Name
from api.http.responses import ResponseSchema
from api.http.schemas import Schema


class ProfileChangeSchema(Schema):
    """The profile fields to change."""

    name = Name(metadata={"examples": ["Ada Lovelace"]})
    phone = Phone(
        allow_none=True,
        metadata={"description": "Null removes it", "examples": ["+44 20 7946 0958"]},
    )
    locale = Language(allow_none=True, metadata={**LOCALE, "description": "BCP 47; null removes it"})
    time_zone = fields.String(
        allow_none=True,
        validate=require_time_zone,
        metadata={**TIME_ZONE, "description": "A name in the IANA time zone database; null removes it"},
    )
    notifications = fields.Nested(NotificationsChangeSchema, metadata=NOTIFICATIONS)


class SavedAddressesSchema(ResponseSchema):
    """All saved addresses of the user."""

    data = fields.List(fields.Nested(SavedAddressSchema))
