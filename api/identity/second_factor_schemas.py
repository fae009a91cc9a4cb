"""What switching a second factor on and off takes and answers."""

from marshmallow import fields

from api.answers import AnswerSchema
from api.identity.schemas import Code, Password
from api.schemas import Schema


class PasswordSchema(Schema):
    """The password, lest whoever finds an open page can lock its owner out."""

    password = Password()


class CodeSchema(Schema):
    """A code that the app shows."""

    code = Code(required=True)


class PasswordAndCodeSchema(PasswordSchema):
    """Both factors."""

    code = Code(required=True)


class SecondFactorSchema(AnswerSchema):
    """Whether there is one."""

    is_on = fields.Boolean()
    recovery_codes_left = fields.Integer(metadata={"examples": [10]})


class OfferedSchema(AnswerSchema):
    """A secret for an authenticator app, as text and as what a QR code holds."""

    secret = fields.String(metadata={"description": "Base32", "examples": ["JBSWY3DPEHPK3PXP"]})
    uri = fields.String(
        metadata={"examples": ["otpauth://totp/OrderX:ada%40customers.example?secret=JBSWY3DPEHPK3PXP"]}
    )


class ConfirmedSchema(AnswerSchema):
    """Codes for when the app is lost, each good once."""

    recovery_codes = fields.List(fields.String(), metadata={"examples": [["JBSW-Y3DP-EHPK-3PXP"]]})
