"""Fields of people and addresses, shared by the request schemas of all areas."""

from typing import Any

import phonenumbers
from babel import Locale
from babel.core import UnknownLocaleError
from marshmallow import ValidationError, fields

from api.http.fields import BoundedString, Country, FullMatch, Name, Text
from api.http.responses import AddressSchema, ResponseSchema
from api.http.schemas import Schema, ValueObjectSchema
from kit.time_zones import TIME_ZONES

LOCALE = {"format": "language-tag", "description": "BCP 47", "examples": ["en-GB"]}
LANGUAGE_TAG = "^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$"
"""A language with an optional script and region (BCP 47, section 2.1)."""
MAX_LANGUAGE_TAG_LENGTH = 35
"""The length that implementations should support (BCP 47, section 4.4.1)."""
TIME_ZONE = {
    "format": "time-zone",
    "description": "A name in the IANA time zone database",
    "examples": ["Europe/London"],
}


class Phone(fields.String):
    """A phone number with country code, in any common notation; converted to E.164."""

    def _deserialize(self, *args: object, **kwargs: object) -> str:
        text = super()._deserialize(*args, **kwargs)  # type: ignore[arg-type]
        try:
            number = phonenumbers.parse(text)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_valid_number(number):
            raise ValidationError("This is not a phone number. Start with + and the country code.")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class KnownLanguage(FullMatch):
    """Validates the tag of a language that CLDR knows; its syntax is checked first."""

    def __init__(self) -> None:
        super().__init__(LANGUAGE_TAG, error="This is not a known language tag, such as en-GB.")

    def __call__(self, value: str) -> str:
        """The tag; raises ValidationError."""
        try:
            Locale.parse(super().__call__(value), sep="-")
        except (UnknownLocaleError, ValueError):
            raise ValidationError(self.error) from None
        return value


class Language(BoundedString):
    """A BCP 47 language tag."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_LANGUAGE_TAG_LENGTH, checks=[KnownLanguage()], **kwargs)


def require_time_zone(name: str) -> None:
    """Raise ValidationError unless this is the name of a time zone in the IANA database."""
    if name not in TIME_ZONES:
        raise ValidationError("This is not a time zone of the IANA database, such as Europe/Berlin.")


class NewAddressSchema(ValueObjectSchema):
    """A postal address."""

    name = Name(required=True, metadata={"examples": ["Ada Example"]})
    company = Name()
    line1 = Name(required=True, metadata={"examples": ["1 Harbour Street"]})
    line2 = Name()
    postal_code = Name(max_length=20, metadata={"examples": ["10115"]})
    city = Name(required=True, metadata={"examples": ["Berlin"]})
    region = Name()
    country = Country(required=True)


class NewSavedAddressSchema(Schema):
    """A new saved address with a label."""

    label = Text(required=True, metadata={"examples": ["Home"]})
    address = fields.Nested(NewAddressSchema, required=True)


class SavedAddressSchema(ResponseSchema):
    """A saved address with its label."""

    id = fields.UUID()
    label = fields.String(metadata={"examples": ["Home"]})
    address = fields.Nested(AddressSchema)
    created_at = fields.AwareDateTime()
