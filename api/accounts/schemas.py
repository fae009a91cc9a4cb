"""Schemas of registration, passwords and the user."""

from typing import Any

from marshmallow import fields, validate

from api.access.member_schemas import MembershipSchema
from api.http.fields import EmailAddress, Name, StrictBoolean
from api.http.responses import ResponseSchema
from api.http.schemas import Schema
from domain.accounts.passwords import MAX_LENGTH, MIN_LENGTH

REFRESH_TOKEN = {"examples": ["WlQxZJmVvZcVY2nqzVNkJ1D0mMbgyW_xX3kD7cZ9s4A"]}
NOTIFICATIONS = {
    "description": "Optional mails. Mails about received, paid, failed and cancelled orders and about the account and "
    "its security are always sent; there are no others yet"
}


class Password(fields.String):
    """An existing password."""

    def __init__(self, *, min_length: int = 0) -> None:
        super().__init__(
            required=True,
            load_only=True,
            validate=validate.Length(min=min_length, max=MAX_LENGTH),
            metadata={"format": "password", "examples": ["correct horse battery"]},
        )


class NewPassword(Password):
    """A new password; domain/accounts/password_strength.py checks whether it is easy to guess."""

    def __init__(self) -> None:
        super().__init__(min_length=MIN_LENGTH)


class Code(fields.String):
    """A code from an authenticator app, or a recovery code."""

    def __init__(self, *, metadata: dict[str, Any] | None = None, **kwargs: Any) -> None:
        metadata = {"examples": ["123456"], **(metadata or {})}
        super().__init__(load_only=True, validate=validate.Length(min=1, max=40), metadata=metadata, **kwargs)


class RegistrationSchema(Schema):
    """A new user."""

    email = EmailAddress(required=True, metadata={"examples": ["ada@customers.example"]})
    name = Name(required=True, metadata={"examples": ["Ada Lovelace"]})
    password = NewPassword()


class MailRequestedSchema(ResponseSchema):
    """The request is accepted. A mail to this address has the result."""

    email = fields.String(metadata={"description": "The recipient of the mail", "examples": ["ada@customers.example"]})


class EmailSchema(Schema):
    """A mail address."""

    email = EmailAddress(required=True, metadata={"examples": ["ada@customers.example"]})


class LinkTokenSchema(Schema):
    """The token from the link in a mail."""

    token = fields.String(required=True, validate=validate.Length(max=200), metadata=REFRESH_TOKEN)


class NewPasswordSchema(LinkTokenSchema):
    """The token from the link in a mail, and the new password."""

    password = NewPassword()


class PasswordChangeSchema(Schema):
    """The current password and the new one."""

    current_password = Password()
    password = NewPassword()


class MailsChangeSchema(Schema):
    """Optional mails to change; kinds that are left out do not change."""

    order_updates = StrictBoolean(
        metadata={"description": "Updates about your orders; true by default", "examples": [True]}
    )
    news = StrictBoolean(metadata={"description": "News and offers; false by default", "examples": [False]})


class NotificationsChangeSchema(Schema):
    """Optional notifications to turn on or off, by channel."""

    email = fields.Nested(MailsChangeSchema)


class MailsSchema(ResponseSchema):
    """Optional mails, by kind."""

    order_updates = fields.Boolean(metadata={"description": "Updates about your orders"})
    news = fields.Boolean(metadata={"description": "News and offers"})


class NotificationsSchema(ResponseSchema):
    """Which optional notifications the user wants, by channel."""

    email = fields.Nested(MailsSchema)


class UserSchema(ResponseSchema):
    """A user."""

    id = fields.UUID()
    email = fields.String(metadata={"examples": ["ada@customers.example"]})
    name = fields.String(metadata={"examples": ["Ada Lovelace"]})
    phone = fields.String(allow_none=True, metadata={"examples": ["+442079460958"]})
    locale = fields.String(allow_none=True, metadata={"examples": ["en-GB"]})
    time_zone = fields.String(allow_none=True, metadata={"examples": ["Europe/London"]})
    notifications = fields.Nested(NotificationsSchema, metadata=NOTIFICATIONS)
    default_company_id = fields.UUID(
        allow_none=True,
        metadata={"description": "The company that logins without `company_id` act for; null: none"},
    )
    verified_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "When the mail address was verified; null: not verified"}
    )
    created_at = fields.AwareDateTime()


class MeSchema(UserSchema):
    """The user, the role and company of this token, and all roles of the user."""

    role = fields.String(metadata={"examples": ["customer"]})
    company_id = fields.UUID(allow_none=True)
    shop_id = fields.UUID(allow_none=True)
    memberships = fields.List(fields.Nested(MembershipSchema))
