"""Request and response schemas of API keys."""

from marshmallow import fields, validate

from api.http.choices import Choice
from api.http.fields import List, Text
from api.http.responses import ResponseSchema
from api.http.schemas import Schema
from domain import areas

MAX_LIFETIME_DAYS = 366
_GRANTABLE = sorted(each.name for each in areas.permissions().values() if each.api_keys)


class NewApiKeySchema(Schema):
    """A new API key."""

    name = Text(required=True, metadata={"description": "What the key is for", "examples": ["Stock of the warehouse"]})
    permissions = List(
        Choice("ApiKeyPermission", _GRANTABLE),
        required=True,
        min_items=1,
        max_items=len(_GRANTABLE),
        metadata={"examples": [["read_stock", "write_stock"]]},
    )
    shop_id = fields.UUID(
        load_default=None, metadata={"description": "The only shop the key may access; null for all shops"}
    )
    days = fields.Integer(
        load_default=90,
        strict=True,
        validate=validate.Range(min=1, max=MAX_LIFETIME_DAYS),
        metadata={"description": "How many days the key is valid", "examples": [90]},
    )


class ApiKeySchema(ResponseSchema):
    """An API key, without its secret."""

    id = fields.UUID()
    name = fields.String(metadata={"examples": ["Stock of the warehouse"]})
    prefix = fields.String(metadata={"description": "The start of the secret", "examples": ["ox_WlQxZJmV"]})
    permissions = fields.List(fields.String(), metadata={"examples": [["read_stock", "write_stock"]]})
    shop_id = fields.UUID(allow_none=True)
    created_by = fields.UUID(
        metadata={"description": "The user who created the key; it is invalid once they leave the company"}
    )
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()
    last_used_at = fields.AwareDateTime(
        allow_none=True, metadata={"description": "When the key was last used, to the minute"}
    )
    revoked_at = fields.AwareDateTime(allow_none=True)


class CreatedApiKeySchema(ApiKeySchema):
    """A new API key with its secret."""

    secret = fields.String(
        metadata={"description": "Shown only once", "examples": ["ox_WlQxZJmVvZcVY2nqzVNkJ1D0mMbgyW_xX3kD7cZ9s4A"]}
    )
