"""Schemas of the export and erasure of a user's data."""

from marshmallow import fields

from api.access.member_schemas import MembershipSchema
from api.accounts.profile_schemas import SavedAddressSchema
from api.accounts.schemas import Password, UserSchema
from api.accounts.session_schemas import SessionSchema
from api.http.responses import ResponseSchema
from api.http.schemas import Schema
from api.sales.schemas import OrderDetailsSchema


class UserDataSchema(ResponseSchema):
    """All data of a user."""

    user = fields.Nested(UserSchema)
    addresses = fields.List(fields.Nested(SavedAddressSchema))
    memberships = fields.List(fields.Nested(MembershipSchema))
    sessions = fields.List(fields.Nested(SessionSchema))
    orders = fields.List(fields.Nested(OrderDetailsSchema))


class ErasureSchema(Schema):
    """The password, to confirm the erasure."""

    password = Password()
