"""What users say of themselves, and what they take along."""

from zoneinfo import available_timezones

import phonenumbers
from babel import Locale
from babel.core import UnknownLocaleError
from marshmallow import ValidationError, fields

from api.identity.schemas import NOTIFICATIONS, LoginSchema, MembershipSchema, NotificationsSchema, Password, UserSchema
from api.sales.schemas import AddressSchema, OrderInFullSchema
from api.schemas import Schema, Text

LOCALE = {"format": "language-tag", "description": "BCP 47", "examples": ["en-GB"]}
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


def known_locale(tag: str) -> None:
    """Raise ValidationError unless it is a BCP 47 tag of a language we know."""
    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        raise ValidationError("This is no language tag we know, such as en-GB.") from None


def known_time_zone(name: str) -> None:
    """Raise ValidationError unless the IANA database has it."""
    if name not in available_timezones():
        raise ValidationError("This is no time zone of the IANA database, such as Europe/Berlin.")


class ProfileSchema(Schema):
    """What to change of what one says of oneself."""

    name = Text(metadata={"examples": ["Ada Lovelace"]})
    phone = Phone(allow_none=True, metadata={"format": "phone", "examples": ["+44 20 7946 0958"]})
    locale = fields.String(allow_none=True, validate=known_locale, metadata=LOCALE)
    time_zone = fields.String(allow_none=True, validate=known_time_zone, metadata=TIME_ZONE)
    notifications = fields.Nested(NotificationsSchema, metadata=NOTIFICATIONS)


class KeptAddressSchema(Schema):
    """An address under a name of one's own."""

    id = fields.UUID(dump_only=True)
    label = Text(required=True, metadata={"examples": ["Home"]})
    address = fields.Nested(AddressSchema, required=True)
    created_at = fields.AwareDateTime(dump_only=True)


class AddressesSchema(Schema):
    """All of them."""

    data = fields.List(fields.Nested(KeptAddressSchema))


class ExportSchema(Schema):
    """Everything there is about a user."""

    user = fields.Nested(UserSchema)
    addresses = fields.List(fields.Nested(KeptAddressSchema))
    memberships = fields.List(fields.Nested(MembershipSchema))
    logins = fields.List(fields.Nested(LoginSchema))
    orders = fields.List(fields.Nested(OrderInFullSchema))


class ErasureSchema(Schema):
    """The password, for what cannot be undone."""

    password = Password()
