"""Schemas of the second factor."""

from marshmallow import fields

from api.accounts.schemas import Code, Password
from api.http.responses import ResponseSchema
from api.http.schemas import Schema


class PasswordSchema(Schema):
    """The password, so that a stranger at an unlocked device cannot enable a second factor."""

    password = Password()


class CodeSchema(Schema):
    """A code from the authenticator app."""

    code = Code(required=True)


class PasswordAndCodeSchema(PasswordSchema):
    """The password and a code."""

    code = Code(required=True)


class SecondFactorSchema(ResponseSchema):
    """Whether a second factor is enabled."""

    is_enabled = fields.Boolean()
    recovery_codes_remaining = fields.Integer(metadata={"examples": [10]})


class SecondFactorSetupSchema(ResponseSchema):
    """A secret for an authenticator app, as text and as the URI for a QR code."""

    secret = fields.String(metadata={"description": "Base32", "examples": ["JBSWY3DPEHPK3PXP"]})
    uri = fields.String(
        metadata={"examples": ["otpauth://totp/OrderX:ada%40customers.example?secret=JBSWY3DPEHPK3PXP"]}
    )


class RecoveryCodesSchema(ResponseSchema):
    """Recovery codes for a lost authenticator app, each valid once."""

    recovery_codes = fields.List(fields.String(), metadata={"examples": [["JBSW-Y3DP-EHPK-3PXP"]]})
