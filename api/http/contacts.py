"""Fields of people and addresses, shared by the request schemas of all areas."""

from typing import Any

from marshmallow import ValidationError, fields

from api.http.fields import BoundedString, Country, FullMatch, Name, Text, checked
from api.http.responses import AddressSchema, ResponseSchema
from api.http.schemas import Schema, ValueObjectSchema
from kit import checked_text
from kit.checked_text import LANGUAGE_TAG, MAX_LANGUAGE_TAG_LENGTH
from kit.time_zones import TIME_ZONES

LOCALE = {"format": "language-tag", "description": "BCP 47", "examples": ["en-GB"]}
TIME_ZONE = {
    "format": "time-zone",
    "description": "A name in the IANA time zone database",
    "examples": ["Europe/London"],
}


class Phone(fields.String):
    """A phone number with country code, in any common notation; converted to E.164."""

    def __init__(self, *, metadata: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(metadata={"format": "phone", **metadata}, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        return checked(checked_text.phone_number, super()._deserialize(*args, **kwargs))


class KnownLanguage(FullMatch):
    """Validates the tag of a language that CLDR knows; its syntax is checked first."""

    def __init__(self) -> None:
        super().__init__(LANGUAGE_TAG, error=checked_text.UNKNOWN_LANGUAGE_MESSAGE)

    def __call__(self, value: str) -> str:
        """The tag; raises ValidationError."""
        return checked(checked_text.language, value)


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
