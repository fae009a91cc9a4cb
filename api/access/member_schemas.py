"""Schemas of members and invitations."""

from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from api.http.choices import Choice
from api.http.fields import EmailAddress
from api.http.responses import ResponseSchema
from api.http.schemas import Schema


class NewInvitationSchema(Schema):
    """A new invitation."""

    email = EmailAddress(required=True, metadata={"examples": ["grace@paper.example"]})
    role = Choice("InvitableRole", ("company_admin", "shop_manager", "staff"), required=True)
    shop_id = fields.UUID(load_default=None, metadata={"description": "The only shop of the role; null for all shops"})

    @validates_schema(skip_on_field_errors=True)
    def _refuse_shop_of_admin(self, data: dict[str, Any], **_: Any) -> None:
        """Raise ValidationError for an admin of one shop."""
        if data["role"] == "company_admin" and data["shop_id"] is not None:
            raise ValidationError("A company_admin has access to all shops; leave shop_id out.", "shop_id")


class InvitationSchema(ResponseSchema):
    """An invitation to a role."""

    id = fields.UUID()
    email = fields.String(metadata={"examples": ["grace@paper.example"]})
    role = fields.String(metadata={"examples": ["staff"]})
    shop_id = fields.UUID(allow_none=True)
    invited_by = fields.UUID(
        metadata={"description": "The user who sent the invitation; it is invalid once they leave the company"}
    )
    created_at = fields.AwareDateTime()
    expires_at = fields.AwareDateTime()
    accepted_at = fields.AwareDateTime(allow_none=True)


class MemberSchema(ResponseSchema):
    """A member of a company and their role."""

    id = fields.UUID(metadata={"description": "The membership's id"})
    user_id = fields.UUID()
    email = fields.String(metadata={"examples": ["grace@paper.example"]})
    name = fields.String(metadata={"examples": ["Grace Hopper"]})
    role = fields.String(metadata={"examples": ["staff"]})
    shop_id = fields.UUID(allow_none=True)
    created_at = fields.AwareDateTime()


class MembershipSchema(ResponseSchema):
    """A role in a company, or in one shop of it."""

    id = fields.UUID(metadata={"description": "The membership's id"})
    company_id = fields.UUID(allow_none=True)
    shop_id = fields.UUID(allow_none=True)
    role = fields.String(metadata={"examples": ["company_admin"]})
