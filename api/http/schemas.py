"""Schemas shared by the requests of all areas: strict objects, prices and pages."""

from functools import cache
from typing import Any, ClassVar

import marshmallow
from marshmallow import ValidationError, fields, post_load, pre_load, validate, validates_schema

from api.http.fields import CURRENCY_CODE, QueryInteger, Text, require_currency
from api.http.responses import ResponseSchema
from kit import card_numbers
from kit.checked_text import CARD_NUMBER_MESSAGE
from kit.money import LARGEST_AMOUNT, Money

STORED_ONLY = "Stored, but not used yet."
"""In descriptions of fields that no feature uses yet."""
REQUIRED_NULL_MESSAGE = "Send a value: the field is required and cannot be null."
OPTIONAL_NULL_MESSAGE = "Send a value or leave the field out: it cannot be null."


class Schema(marshmallow.Schema):
    """An object in requests; unknown fields are refused.

    A field that is left out has its default, or is not changed. Null removes the value: a field with `allow_none`
    describes what null means, and in all other fields null is an error.

    `one_of` names the schemas between which the OpenAPI document gives a choice; this schema parses any of them.
    """

    one_of: ClassVar[tuple[type[marshmallow.Schema], ...]] = ()

    class Meta:
        unknown = marshmallow.RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:  # noqa: ARG002
        """Set the error message for null (marshmallow's hook)."""
        field_obj.error_messages["null"] = REQUIRED_NULL_MESSAGE if field_obj.required else OPTIONAL_NULL_MESSAGE

    @validates_schema(skip_on_field_errors=True)
    def _refuse_card_number_across_fields(self, data: dict[str, Any], **_: Any) -> None:
        """Raise ValidationError if text fields contain a card number together."""
        texts = {name: data[name] for name, field in self.fields.items() if isinstance(field, Text) and data.get(name)}
        if len(texts) > 1 and card_numbers.appears_in("\n".join(texts.values())):
            raise ValidationError({name: [CARD_NUMBER_MESSAGE] for name in _fields_sharing_card_number(texts)})


def _fields_sharing_card_number(texts: dict[str, str]) -> list[str]:
    """The shortest run of adjacent fields, two or more, that contain a card number only together. There must be one."""
    names = list(texts)
    rows = (names[first : first + length] for length in range(2, len(names) + 1) for first in range(len(names)))
    return next(row for row in rows if card_numbers.appears_in("\n".join(texts[name] for name in row)))


class ValueObjectSchema(Schema):
    """An object that is always replaced as a whole, so null in an optional field is the same as leaving it out."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Allow null in optional fields (marshmallow's hook)."""
        super().on_bind_field(field_name, field_obj)
        field_obj.allow_none = not field_obj.required

    @pre_load
    def without_nulls(self, data: Any, **_: Any) -> Any:
        """The object without the optional fields that are null."""
        if not isinstance(data, dict):
            return data
        optional = {field.data_key or name for name, field in self.fields.items() if not field.required}
        return {name: value for name, value in data.items() if value is not None or name not in optional}


class NestedValueObject(fields.Nested):
    """A nested object that is replaced as a whole; null is an empty object."""

    def __init__(self, schema: type[ValueObjectSchema], **kwargs: Any) -> None:
        super().__init__(schema, allow_none=True, **kwargs)

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Replace null by an empty object (overrides marshmallow)."""
        return super().deserialize({} if value is None else value, *args, **kwargs)


class PriceSchema(Schema):
    """A price in minor units (cents; yen have none) of an ISO 4217 currency."""

    amount = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=0, max=LARGEST_AMOUNT),
        metadata={"description": "Minor units", "examples": [1999]},
    )
    currency = fields.String(
        required=True,
        validate=require_currency,
        metadata={"description": "ISO 4217", "pattern": CURRENCY_CODE, "examples": ["EUR"]},
    )

    @post_load
    def as_money(self, data: dict[str, Any], **_: Any) -> Money:
        """The amount as Money."""
        return Money(**data)


class PageQuery(Schema):
    """A page of a list: up to `limit` entries after the entry `after`, which is the previous page's `next`."""

    limit = QueryInteger(load_default=50, validate=validate.Range(min=1, max=100))
    after = fields.UUID(load_default=None)


@cache
def page_of(schema: type[ResponseSchema]) -> type[marshmallow.Schema]:
    """The schema of a Page of entries; cached, so that each entry schema has one page schema."""
    name = schema.__name__.removesuffix("Schema") + "Page"
    return ResponseSchema.from_dict(
        {
            "data": fields.List(fields.Nested(schema)),
            "next": fields.UUID(allow_none=True, metadata={"description": "Pass as `after`; null on the last page"}),
        },
        name=name,
    )
