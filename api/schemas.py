"""What schemas of every area share: strict objects, text, mail addresses, prices, problems and pages."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar

import marshmallow
from email_validator import EmailNotValidError, validate_email
from marshmallow import ValidationError, fields, post_load, pre_load, validate, validates_schema
from marshmallow.utils import get_value

from api.answers import AnswerSchema
from domain.payments import card_numbers
from kit.countries import COUNTRIES
from kit.money import ACTIVE_CURRENCIES, LARGEST_AMOUNT, Money
from kit.text import ONE_LINE, has_link, is_one_line, is_visible

NOT_YET = "It is kept, and nothing goes by it yet."
"""Said in the document of what is."""
REQUIRED_NULL = "Send a value: this is required, and null is none."
OPTIONAL_NULL = "Send a value, or leave it out: this cannot be null."
LONGEST_NAME = 200
LONGEST_EMAIL = 254
"""RFC 5321 leaves no room for more (section 4.5.3.1.3)."""
LONGEST_LOCAL_PART = 64
"""Octets before the `@` (RFC 5321, section 4.5.3.1.1); they are ASCII."""


class Schema(marshmallow.Schema):
    """An object in requests; fields it does not know are refused.

    Left out and null are two things. A field that is left out has its default, or stays as it is. Null says that there
    is none of it, or no longer: where a field can be without a value, its description says what null means
    (`allow_none`); to all others null is an error that says what to do instead.

    `one_of` names the schemas of which it is exactly one, in the document; it is read by its own fields.
    """

    one_of: ClassVar[tuple[type[marshmallow.Schema], ...]] = ()

    class Meta:
        unknown = marshmallow.RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:  # noqa: ARG002
        """Say of null what to send instead (marshmallow's hook)."""
        field_obj.error_messages["null"] = REQUIRED_NULL if field_obj.required else OPTIONAL_NULL

    @validates_schema(skip_on_field_errors=True)
    def no_card_number_over_several_fields(self, data: dict[str, Any], **_: Any) -> None:
        """Raise ValidationError for fields of text that hold a card's number together."""
        texts = {name: data[name] for name, field in self.fields.items() if isinstance(field, Text) and data.get(name)}
        if len(texts) > 1 and card_numbers.appears_in("\n".join(texts.values())):
            raise ValidationError({name: [CARD_NUMBER] for name in _holding_it(texts)})


class WholeSchema(Schema):
    """An object that is only ever replaced as a whole: to its optional fields null is the same as left out."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Let null be said of what need not be there."""
        super().on_bind_field(field_name, field_obj)
        field_obj.allow_none = not field_obj.required

    @pre_load
    def without_nulls(self, data: Any, **_: Any) -> Any:
        """The object without the optional fields that are null."""
        if not isinstance(data, dict):
            return data
        optional = {field.data_key or name for name, field in self.fields.items() if not field.required}
        return {name: value for name, value in data.items() if value is not None or name not in optional}


class Whole(fields.Nested):
    """An object that is replaced as a whole, by an empty one for null."""

    def __init__(self, schema: type[WholeSchema], **kwargs: Any) -> None:
        super().__init__(schema, allow_none=True, **kwargs)

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """See marshmallow."""
        return super().deserialize({} if value is None else value, *args, **kwargs)


class Bounded(fields.String):
    """Text of at most `longest` characters, which are counted before anything is looked for among them."""

    def __init__(self, *, longest: int, shortest: int | None = None, checks: Sequence[Any] = (), **kwargs: Any) -> None:
        self._longest = longest
        super().__init__(validate=[validate.Length(min=shortest, max=longest), *checks], **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(*args, **kwargs)
        if len(text) > self._longest:
            raise ValidationError(f"Longer than maximum length {self._longest}.")
        return text


class Text(Bounded):
    """One line of text with something to see in it: trimmed, without line breaks, control and direction characters.

    The blanks around it count for its length. A card's number is refused, for text is kept.
    """

    def __init__(self, *, longest: int = LONGEST_NAME, metadata: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(longest=longest, shortest=1, metadata={"pattern": ONE_LINE, **(metadata or {})}, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(*args, **kwargs)
        if not is_one_line(text):
            raise ValidationError("Leave out line breaks, other control characters and direction controls.")
        if not is_visible(text):
            raise ValidationError("Write something that can be seen.")
        return without_card(text).strip()


class Name(Text):
    """A name or a line of an address, which mails to others repeat: one line of text without a link."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        name = super()._deserialize(*args, **kwargs)
        if has_link(name):
            raise ValidationError("Leave out links: no :// and no www. here.")
        return name


def _holding_it(texts: dict[str, str]) -> list[str]:
    """The fewest fields in a row that hold a card's number together."""
    names = list(texts)
    rows = (names[first : first + length] for length in range(2, len(names) + 1) for first in range(len(names)))
    return next(row for row in rows if card_numbers.appears_in("\n".join(texts[name] for name in row)))


CARD_NUMBER = "This looks like a card's number, which belongs in payment.card alone."


def without_card(text: str) -> str:
    """The text, which will be kept; raises ValidationError when it seems to hold a card's number."""
    if card_numbers.appears_in(text):
        raise ValidationError(CARD_NUMBER)
    return text


class Like(validate.Regexp):
    """Text that looks like the pattern, whose `$` is the end as in JSON Schema: no line break may follow."""

    def __call__(self, value: str) -> str:
        """The value; raises ValidationError."""
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self.error)
        return value


class EmailAddress(Bounded):
    """A mail address, in lower case; whether its domain exists is not asked."""

    def __init__(self, *, metadata: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(longest=LONGEST_EMAIL, metadata={"format": "email", **metadata}, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(*args, **kwargs)
        try:
            known = validate_email(without_card(text), check_deliverability=False, allow_smtputf8=False)
        except EmailNotValidError:
            raise ValidationError("This is not a mail address.") from None
        if len(known.local_part) > LONGEST_LOCAL_PART:
            raise ValidationError(f"Longer than {LONGEST_LOCAL_PART} characters before the @.")
        return known.normalized.lower()


class WebAddress(Bounded, fields.URL):
    """An https address; nobody asks what is there."""

    def __init__(self, *, longest: int = 500, metadata: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(
            longest=longest, schemes={"https"},
            metadata={"format": "uri", "pattern": "^https://", **metadata}, **kwargs,
        )  # fmt: skip

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        return without_card(super()._deserialize(*args, **kwargs))


class Flag(fields.Boolean):
    """true or false, and nothing that merely looks like it, as 0 does to Python."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class QueryInteger(fields.Integer):
    """A whole number in a query: ASCII digits, and none of what Python takes besides (1_0, +10, full-width digits)."""

    def _validated(self, value: Any) -> int | None:
        if not re.fullmatch("-?[0-9]{1,9}", str(value)):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class QueryFlag(fields.Boolean):
    """`true` or `false` in a query, and no other spelling of them."""

    truthy: ClassVar[set[Any]] = {"true"}
    falsy: ClassVar[set[Any]] = {"false"}


class Country(fields.String):
    """A country that has a code in ISO 3166-1."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"description": "ISO 3166-1 alpha-2", "pattern": "^[A-Z]{2}$", "examples": ["DE"]}
        super().__init__(validate=known_country, metadata=metadata, **kwargs)


def known_country(code: str) -> None:
    """Raise ValidationError unless it is the code of a country."""
    if code not in COUNTRIES:
        raise ValidationError("This is no country's code: two capital letters of ISO 3166-1, such as DE.")


class List(fields.List):
    """A list of `least` to `most` entries, which are counted before any of them is looked at.

    With `allow_none`, null is an empty one.
    """

    def __init__(self, entry: fields.Field[Any], *, most: int, least: int | None = None, **kwargs: Any) -> None:
        self._length = validate.Length(min=least, max=most)
        super().__init__(entry, validate=self._length, **kwargs)

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """See marshmallow."""
        return super().deserialize([] if value is None and self.allow_none else value, *args, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list):
            self._length(value)
        return super()._deserialize(value, *args, **kwargs)


CURRENCY_CODE = "^[A-Z]{3}$"


def known_currency(code: str) -> None:
    """Raise ValidationError unless it is the ISO 4217 code of a currency in use."""
    if code not in ACTIVE_CURRENCIES:
        raise ValidationError("This is no ISO 4217 code of a currency in use.")


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
        validate=known_currency,
        metadata={"description": "ISO 4217", "pattern": CURRENCY_CODE, "examples": ["EUR"]},
    )

    @post_load
    def as_money(self, data: dict[str, Any], **_: Any) -> Money:
        """The amount as Money."""
        return Money(**data)


class PageQuery(Schema):
    """Which part of a list: up to `limit` from behind `after`, the previous page's `next`."""

    limit = QueryInteger(load_default=50, validate=validate.Range(min=1, max=100))
    after = fields.UUID(load_default=None)


@cache
def page_of(schema: type[AnswerSchema]) -> type[marshmallow.Schema]:
    """The schema of a page of these, one and the same wherever they are listed."""
    name = schema.__name__.removesuffix("Schema") + "Page"
    return AnswerSchema.from_dict(
        {
            "data": fields.List(fields.Nested(schema)),
            "next": fields.UUID(allow_none=True, metadata={"description": "Pass as `after`; null on the last page"}),
        },
        name=name,
    )


def page(rows: list[Any], limit: int) -> dict[str, Any]:
    """A page of rows that were asked for with one more than the limit, to see whether there is a next."""
    shown = rows[:limit]
    return {"data": shown, "next": get_value(shown[-1], "id") if len(rows) > limit else None}
