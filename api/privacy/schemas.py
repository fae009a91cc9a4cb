"""Schemas of the export and erasure of a user's data."""

from api.accounts.schemas import Password
from api.http.responses import ResponseSchema
from api.http.schemas import Schema
from domain import areas

SECTIONS = {name: field for module in areas.modules("api", "personal_data") for name, field in module.SECTIONS.items()}
"""The field of each section of the export, by its name. The areas declare them."""

UserDataSchema = ResponseSchema.from_dict(SECTIONS, name="UserDataSchema")
UserDataSchema.__doc__ = "All data of a user."


class ErasureSchema(Schema):
    """The password, to confirm the erasure."""

    password = Password()
