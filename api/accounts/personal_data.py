"""The sections of a person's export that are about the account."""

from marshmallow import fields

from api.accounts.schemas import UserSchema
from api.accounts.session_schemas import SessionSchema
from api.http.contacts import SavedAddressSchema

SECTIONS = {
    "user": fields.Nested(UserSchema),
    "addresses": fields.List(fields.Nested(SavedAddressSchema)),
    "sessions": fields.List(fields.Nested(SessionSchema)),
}
