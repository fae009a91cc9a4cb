"""What users say of themselves, and what they take along."""

from typing import Any

import phonenumbers
from babel import Locale
from babel.core import UnknownLocaleError
from marshmallow import ValidationError, fields

from api.answers import AddressSchema, AnswerSchema
from api.identity.schemas import (
    NOTIFICATIONS,
    LoginSchema,
    MembershipSchema,
    NotificationsChangeSchema,
    Password,
    UserSchema,
)
from api.sales.schemas import NewAddressSchema, OrderInFullSchema
from api.schemas import Bounded, Like, Name, Schema, Text
from kit.time_zones import TIME_ZONES

LOCALE = {"format": "language-tag", "description": "BCP 47", "examples": ["en-GB"]}
LANGUAGE_TAG = "^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$"
"""A language, a script and a region (BCP 47, section 2.1), which texts are chosen by."""
LONGEST_TAG = 35
"""Characters that everybody should make room for (BCP 47, section 4.4.1)."""
TIME_ZONE = {"format": "time-zone", "description": "Of the IANA database", "examples": ["Europe/London"]}


class Phone(fields.String):
    """A phone number as one writes it, with the country's code; kept in E.164."""

    def _deserialize(self, *args: object, **kwargs: object) -> str:
        text = super()._deserialize(*args, **kwargs)  # type: ignore[arg-type]
        try:
            number = phonenumbers.parse(text)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_valid_number(number):
            raise ValidationError("This is no phone number; begin with + and the country's code.")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


class KnownLanguage(Like):
    """The tag of a language that CLDR knows, which is asked only once it looks like a tag."""

    def __init__(self) -> None:
        super().__init__(LANGUAGE_TAG, error="This is no language tag we know, such as en-GB.")

    def __call__(self, value: str) -> str:
        """The tag; raises ValidationError."""
        try:
            Locale.parse(super().__call__(value), sep="-")
        except (UnknownLocaleError, ValueError):
            raise ValidationError(self.error) from None
        return value


class Language(Bounded):
    """A language, by its BCP 47 tag."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(longest=LONGEST_TAG, checks=[KnownLanguage()], **kwargs)


def known_time_zone(name: str) -> None:
    """Raise ValidationError unless the IANA database has it."""
    if name not in TIME_ZONES:
        raise ValidationError("This is no time zone of the IANA database, such as Europe/Berlin.")


class ProfileSchema(Schema):
    """What to change of what one says of oneself."""

    name = Name(metadata={"examples": ["Ada Lovelace"]})
    phone = Phone(
        allow_none=True, metadata={"format": "phone", "description": "Null: none", "examples": ["+44 20 7946 0958"]}
    )
    locale = Language(allow_none=True, metadata={**LOCALE, "description": "BCP 47; null: not said"})
    time_zone = fields.String(
        allow_none=True,
        validate=known_time_zone,
        metadata={**TIME_ZONE, "description": "Of the IANA database; null: not said"},
    )
    notifications = fields.Nested(NotificationsChangeSchema, metadata=NOTIFICATIONS)


class AddressToKeepSchema(Schema):
    """An address, and a name of one's own for it."""

    label = Text(required=True, metadata={"examples": ["Home"]})
    address = fields.Nested(NewAddressSchema, required=True)


class KeptAddressSchema(AnswerSchema):
    """An address under a name of one's own."""

    id = fields.UUID()
    label = fields.String(metadata={"examples": ["Home"]})
    address = fields.Nested(AddressSchema)
    created_at = fields.AwareDateTime()


class AddressesSchema(AnswerSchema):
    """All of them."""

    data = fields.List(fields.Nested(KeptAddressSchema))


class ExportSchema(AnswerSchema):
    """Everything there is about a user."""

    user = fields.Nested(UserSchema)
    addresses = fields.List(fields.Nested(KeptAddressSchema))
    memberships = fields.List(fields.Nested(MembershipSchema))
    logins = fields.List(fields.Nested(LoginSchema))
    orders = fields.List(fields.Nested(OrderInFullSchema))


class ErasureSchema(Schema):
    """The password, for what cannot be undone."""

    password = Password()
