"""Schemas of login, refresh and logout."""

from marshmallow import fields, validate

from api.accounts.schemas import REFRESH_TOKEN, Code, Password
from api.http.fields import EmailAddress
from api.http.responses import ResponseSchema
from api.http.schemas import Schema

ACCESS_TOKEN = {"examples": ["eyJhbGciOiJFZERTQSIsImtpZCI6IlVUZ…"]}
COMPANY = "The company to act for; null to act as a customer"


class CredentialsSchema(Schema):
    """Credentials, and the company to act for."""

    email = EmailAddress(required=True, metadata={"examples": ["ada@customers.example"]})
    password = Password()
    code = Code(load_default=None, metadata={"description": "The code of the second factor; null: none"})
    company_id = fields.UUID(
        allow_none=True, metadata={"description": f"{COMPANY}; if left out, the company chosen last"}
    )


class RefreshSchema(Schema):
    """A refresh token to exchange."""

    refresh_token = fields.String(required=True, validate=validate.Length(max=2000), metadata=REFRESH_TOKEN)
    company_id = fields.UUID(
        allow_none=True, metadata={"description": f"{COMPANY}; if left out, the same company as before"}
    )


class LogoutSchema(Schema):
    """A refresh token of the session to end."""

    refresh_token = fields.String(required=True, validate=validate.Length(max=2000), metadata=REFRESH_TOKEN)


class TokensSchema(ResponseSchema):
    """Access token and refresh token, and the role that they give."""

    access_token = fields.String(metadata=ACCESS_TOKEN)
    refresh_token = fields.String(metadata=REFRESH_TOKEN)
    token_type = fields.String(metadata={"examples": ["Bearer"]})
    expires_in = fields.Integer(metadata={"description": "Seconds", "examples": [900]})
    company_id = fields.UUID(allow_none=True)
    role = fields.String(metadata={"examples": ["company_admin"]})
    shop_id = fields.UUID(allow_none=True)
