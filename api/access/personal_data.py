"""The section of a person's export that is about companies."""

from marshmallow import fields

from api.access.member_schemas import MembershipSchema

SECTIONS = {"memberships": fields.List(fields.Nested(MembershipSchema))}
