"""What answers of every area share: open objects that say which fields are always there, and money."""

from typing import Any, ClassVar

import marshmallow
from marshmallow import fields
from marshmallow.utils import get_value

from kit.money import Money


class AnswerSchema(marshmallow.Schema):
    """An object in answers. Clients must bear fields they do not know, for there will be more.

    All fields are required, except the ones named in `optional`.
    """

    optional: ClassVar[frozenset[str]] = frozenset()

    class Meta:
        unknown = marshmallow.EXCLUDE

    def required(self) -> list[str]:
        """The names, as they are sent, of the fields that are always there."""
        return sorted(field.data_key or name for name, field in self.fields.items() if name not in self.optional)


class MoneySchema(AnswerSchema):
    """An amount in minor units (cents; yen have none) of an ISO 4217 currency."""

    amount = fields.Integer(metadata={"description": "Minor units", "examples": [1999]})
    currency = fields.String(metadata={"description": "ISO 4217", "examples": ["EUR"]})


class AmountOf(fields.Nested):
    """A column of minor units beside its row's `currency`, as money."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(MoneySchema, **kwargs)

    def get_value(self, obj: Any, attr: str, *args: Any, **kwargs: Any) -> Money:
        """The row's amount with the row's currency."""
        return Money(super().get_value(obj, attr, *args, **kwargs), get_value(obj, "currency"))


class AddressSchema(AnswerSchema):
    """Where goods go, or where a location is. Of an erased buyer's orders only the country is left."""

    optional = frozenset({"name", "company", "line1", "line2", "postal_code", "city", "region"})

    name = fields.String(metadata={"examples": ["Ada Example"]})
    company = fields.String()
    line1 = fields.String(metadata={"examples": ["1 Harbour Street"]})
    line2 = fields.String()
    postal_code = fields.String(metadata={"examples": ["10115"]})
    city = fields.String(metadata={"examples": ["Berlin"]})
    region = fields.String()
    country = fields.String(metadata={"description": "ISO 3166-1 alpha-2", "examples": ["DE"]})
