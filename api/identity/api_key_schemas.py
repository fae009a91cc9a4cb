"""What making API keys takes and answers."""

from marshmallow import fields, validate

from api.answers import AnswerSchema
from api.choices import Choice
from api.schemas import List, Schema, Text
from domain.identity.permissions import API_KEY_PERMISSIONS

LONGEST_DAYS = 366


class NewApiKeySchema(Schema):
    """A key to make."""

    name = Text(required=True, metadata={"description": "What it is for", "examples": ["Stock of the warehouse"]})
    permissions = List(
        Choice("ApiKeyPermission", sorted(API_KEY_PERMISSIONS)),
        required=True,
        least=1,
        most=len(API_KEY_PERMISSIONS),
        metadata={"examples": [["read_stock", "write_stock"]]},
    )
    shop_id = fields.UUID(load_default=None, metadata={"description": "The one shop it is for; null for all of them"})
    days = fields.Integer(
        load_default=90,
        strict=True,
        validate=validate.Range(min=1, max=LONGEST_DAYS),
        metadata={"description": "How long it is good", "examples": [90]},
    )


class ApiKeySchema(AnswerSchema):
    """A key, as its company sees it."""

    id = fields.UUID()
    name = fields.String(metadata={"examples": ["Stock of the warehouse"]})
    prefix = fields.String(metadata={"description": "What its secret begins with", "examples": ["ox_WlQxZJmV"]})
    permissions = fields.List(fields.String(), metadata={"examples": [["read_stock", "write_stock"]]})
    shop_id = fields.UUID(allow_none=True)
    made_by = fields.UUID(metadata={"description": "The user without whom it would be no good"})
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()
    used_at = fields.AwareDateTime(allow_none=True, metadata={"description": "When it was last used, to the minute"})
    revoked_at = fields.AwareDateTime(allow_none=True)


class MadeApiKeySchema(ApiKeySchema):
    """A key that was just made."""

    secret = fields.String(
        metadata={"description": "Shown only now", "examples": ["ox_WlQxZJmVvZcVY2nqzVNkJ1D0mMbgyW_xX3kD7cZ9s4A"]}
    )
