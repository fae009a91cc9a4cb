"""What registering and logging in take and answer."""

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from api.answers import AnswerSchema
from api.choices import Choice
from api.schemas import EmailAddress, Flag, Name, Schema
from domain.identity.passwords import MAX_LENGTH, MIN_LENGTH

ACCESS_TOKEN = {"examples": ["eyJhbGciOiJFZERTQSIsImtpZCI6IlVUZ…"]}
REFRESH_TOKEN = {"examples": ["WlQxZJmVvZcVY2nqzVNkJ1D0mMbgyW_xX3kD7cZ9s4A"]}
NOTIFICATIONS = {
    "description": "Which one wants of those that need not be sent. Mails about an order received, paid, failed or "
    "cancelled, about one's account and its security come in any case; there are no others yet"
}
COMPANY = "The company to act for; null to act as a customer"


class Password(fields.String):
    """A password that somebody has."""

    def __init__(self, *, shortest: int = 0) -> None:
        super().__init__(
            required=True,
            load_only=True,
            validate=validate.Length(min=shortest, max=MAX_LENGTH),
            metadata={"format": "password", "examples": ["correct horse battery"]},
        )


class NewPassword(Password):
    """A password that somebody chooses; domain/identity/password_strength.py says whether it can be guessed."""

    def __init__(self) -> None:
        super().__init__(shortest=MIN_LENGTH)


class Code(fields.String):
    """A code of an authenticator app, or a recovery code."""

    def __init__(self, *, metadata: dict[str, Any] | None = None, **kwargs: Any) -> None:
        shown = {"examples": ["123456"], **(metadata or {})}
        super().__init__(load_only=True, validate=validate.Length(min=1, max=40), metadata=shown, **kwargs)


class RegistrationSchema(Schema):
    """A new user."""

    email = EmailAddress(required=True, metadata={"examples": ["ada@customers.example"]})
    name = Name(required=True, metadata={"examples": ["Ada Lovelace"]})
    password = NewPassword()


class AskedSchema(AnswerSchema):
    """It is done; what there is to say comes by mail."""

    email = fields.String(metadata={"description": "Where the mail goes", "examples": ["ada@customers.example"]})


class WhoSchema(Schema):
    """Somebody who may have registered."""

    email = EmailAddress(required=True, metadata={"examples": ["ada@customers.example"]})


class TokenSchema(Schema):
    """The token of a link in a mail."""

    token = fields.String(required=True, validate=validate.Length(max=200), metadata=REFRESH_TOKEN)


class NewPasswordSchema(TokenSchema):
    """The token of a link in a mail, and the password to have from now on."""

    password = NewPassword()


class PasswordChangeSchema(Schema):
    """The password one has, and the one to have from now on."""

    current_password = Password()
    password = NewPassword()


class MailsChangeSchema(Schema):
    """Which mails one wants, by kind; leave out what stays."""

    order_updates = Flag(
        metadata={"description": "What happens to one's orders; true unless changed", "examples": [True]}
    )
    news = Flag(metadata={"description": "News and offers; false unless changed", "examples": [False]})


class NotificationsChangeSchema(Schema):
    """Which notifications one wants, by channel."""

    email = fields.Nested(MailsChangeSchema)


class MailsSchema(AnswerSchema):
    """Which mails one wants, by kind."""

    order_updates = fields.Boolean(metadata={"description": "What happens to one's orders"})
    news = fields.Boolean(metadata={"description": "News and offers"})


class NotificationsSchema(AnswerSchema):
    """Which notifications one wants, by channel."""

    email = fields.Nested(MailsSchema)


class UserSchema(AnswerSchema):
    """A user."""

    id = fields.UUID()
    email = fields.String(metadata={"examples": ["ada@customers.example"]})
    name = fields.String(metadata={"examples": ["Ada Lovelace"]})
    phone = fields.String(allow_none=True, metadata={"examples": ["+442079460958"]})
    locale = fields.String(allow_none=True, metadata={"examples": ["en-GB"]})
    time_zone = fields.String(allow_none=True, metadata={"examples": ["Europe/London"]})
    notifications = fields.Nested(NotificationsSchema, metadata=NOTIFICATIONS)
    chosen_company_id = fields.UUID(
        allow_none=True,
        metadata={"description": "The company chosen last, which a login without `company_id` acts for; null: none"},
    )
    verified_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "When the mail address was verified; null: not yet"}
    )
    created_at = fields.AwareDateTime()


class CredentialsSchema(Schema):
    """Who wants in, and for which company."""

    email = EmailAddress(required=True, metadata={"examples": ["ada@customers.example"]})
    password = Password()
    code = Code(load_default=None, metadata={"description": "Of the second factor; null: there is none"})
    company_id = fields.UUID(allow_none=True, metadata={"description": f"{COMPANY}; left out: the company chosen last"})


class RefreshSchema(Schema):
    """A refresh token to exchange."""

    refresh_token = fields.String(required=True, validate=validate.Length(max=2000), metadata=REFRESH_TOKEN)
    company_id = fields.UUID(allow_none=True, metadata={"description": f"{COMPANY}; left out: the same as before"})


class LogoutSchema(Schema):
    """A refresh token of the login to end."""

    refresh_token = fields.String(required=True, validate=validate.Length(max=2000), metadata=REFRESH_TOKEN)


class TokensSchema(AnswerSchema):
    """A login: both tokens, and what the access token is good for."""

    access_token = fields.String(metadata=ACCESS_TOKEN)
    refresh_token = fields.String(metadata=REFRESH_TOKEN)
    token_type = fields.String(metadata={"examples": ["Bearer"]})
    expires_in = fields.Integer(metadata={"description": "Seconds", "examples": [900]})
    company_id = fields.UUID(allow_none=True)
    role = fields.String(metadata={"examples": ["company_admin"]})
    shop_id = fields.UUID(allow_none=True)


class LoginSchema(AnswerSchema):
    """Somebody logged in as you, somewhere."""

    id = fields.UUID()
    device = fields.String(allow_none=True, metadata={"description": "What it called itself", "examples": ["Firefox"]})
    address = fields.String(allow_none=True, metadata={"examples": ["203.0.113.7"]})
    acts_for = fields.UUID(allow_none=True, metadata={"description": "The company; null for a customer"})
    began_at = fields.AwareDateTime()
    used_at = fields.AwareDateTime(metadata={"description": "When its tokens were last exchanged"})
    lapses_at = fields.AwareDateTime(metadata={"description": "When it ends by itself, unless it is used"})


class ListedLoginSchema(LoginSchema):
    """One of the logins there are."""

    is_current = fields.Boolean(metadata={"description": "Whether it is the one this request comes from"})


class LoginsSchema(AnswerSchema):
    """Everywhere you are logged in."""

    data = fields.List(fields.Nested(ListedLoginSchema))


class MembershipSchema(AnswerSchema):
    """A role in a company, or in the one shop of it."""

    id = fields.UUID(metadata={"description": "The membership's id"})
    company_id = fields.UUID(allow_none=True)
    shop_id = fields.UUID(allow_none=True)
    role = fields.String(metadata={"examples": ["company_admin"]})


class MeSchema(UserSchema):
    """The caller: the user, what this token lets them act as, and all they may act as."""

    role = fields.String(metadata={"examples": ["customer"]})
    company_id = fields.UUID(allow_none=True)
    shop_id = fields.UUID(allow_none=True)
    memberships = fields.List(fields.Nested(MembershipSchema))


class NewInvitationSchema(Schema):
    """A role to offer."""

    email = EmailAddress(required=True, metadata={"examples": ["grace@paper.example"]})
    role = Choice("RoleToOffer", ("company_admin", "shop_manager", "staff"), required=True)
    shop_id = fields.UUID(load_default=None, metadata={"description": "The one shop it is for; null for all of them"})

    @validates_schema(skip_on_field_errors=True)
    def admins_have_all_shops(self, data: dict[str, Any], **_: Any) -> None:
        """Raise ValidationError for an admin of one shop."""
        if data["role"] == "company_admin" and data["shop_id"] is not None:
            raise ValidationError("A company_admin is one for all shops; leave it out.", "shop_id")


class InvitationSchema(AnswerSchema):
    """A role that waits for somebody."""

    id = fields.UUID()
    email = fields.String(metadata={"examples": ["grace@paper.example"]})
    role = fields.String(metadata={"examples": ["staff"]})
    shop_id = fields.UUID(allow_none=True)
    invited_by = fields.UUID(metadata={"description": "The user without whom it would be no good"})
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()
    accepted_at = fields.AwareDateTime(allow_none=True)


class MemberSchema(AnswerSchema):
    """Who holds a role, and where."""

    id = fields.UUID(metadata={"description": "The membership's id"})
    user_id = fields.UUID()
    email = fields.String(metadata={"examples": ["grace@paper.example"]})
    name = fields.String(metadata={"examples": ["Grace Hopper"]})
    role = fields.String(metadata={"examples": ["staff"]})
    shop_id = fields.UUID(allow_none=True)
    created_at = fields.AwareDateTime()
