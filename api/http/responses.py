"""Schemas shared by the responses of all areas."""

from typing import Any, ClassVar

import marshmallow
from marshmallow import fields
from marshmallow.utils import get_value

from kit.money import Money


class ResponseSchema(marshmallow.Schema):
    """An object in responses. Clients must accept unknown fields, because new ones will be added.

    All fields are always present, except those named in `optional`.
    """

    optional: ClassVar[frozenset[str]] = frozenset()

    class Meta:
        unknown = marshmallow.EXCLUDE

    def required(self) -> list[str]:
        """The JSON names of the fields that are always present."""
        return sorted(field.data_key or name for name, field in self.fields.items() if name not in self.optional)


class MoneySchema(ResponseSchema):
    """An amount in minor units (cents; yen have none) of an ISO 4217 currency."""

    amount = fields.Integer(metadata={"description": "Minor units", "examples": [1999]})
    currency = fields.String(metadata={"description": "ISO 4217", "examples": ["EUR"]})


class AmountOf(fields.Nested):
    """A column of minor units with the `currency` of its row, as an amount of money."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(MoneySchema, **kwargs)

    def get_value(self, obj: Any, attr: str, *args: Any, **kwargs: Any) -> Money:
        """The amount with the currency of the row."""
        return Money(super().get_value(obj, attr, *args, **kwargs), get_value(obj, "currency"))


class AddressSchema(ResponseSchema):
    """A postal address. For orders of an erased user, only the country remains."""

    optional = frozenset({"name", "company", "line1", "line2", "postal_code", "city", "region"})

    name = fields.String(metadata={"examples": ["Ada Example"]})
    company = fields.String()
    line1 = fields.String(metadata={"examples": ["1 Harbour Street"]})
    line2 = fields.String()
    postal_code = fields.String(metadata={"examples": ["10115"]})
    city = fields.String(metadata={"examples": ["Berlin"]})
    region = fields.String()
    country = fields.String(metadata={"description": "ISO 3166-1 alpha-2", "examples": ["DE"]})
