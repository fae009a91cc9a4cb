"""marshmallow fields shared by the request schemas of all areas: strict text, mail addresses, lists and flags."""

import re
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate

from kit import checked_text
from kit.checked_text import MAX_EMAIL_LENGTH
from kit.countries import COUNTRIES
from kit.money import ACTIVE_CURRENCIES
from kit.text import ONE_LINE, SEVERAL_LINES, SLUG

MAX_NAME_LENGTH = 200
CURRENCY_CODE = "^[A-Z]{3}$"


class BoundedString(fields.String):
    """Text of at most `max_length` characters. The length is checked first, so later checks see short text only."""

    def __init__(
        self, *, max_length: int, min_length: int | None = None, checks: Sequence[Any] = (), **kwargs: Any
    ) -> None:
        self._max_length = max_length
        super().__init__(validate=[validate.Length(min=min_length, max=max_length), *checks], **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(*args, **kwargs)
        if len(text) > self._max_length:
            raise ValidationError(f"Longer than maximum length {self._max_length}.")
        return text


class Text(BoundedString):
    """One line of visible text, stripped of surrounding blanks, without control and direction characters.

    The maximum length includes the blanks. Card numbers are refused, because the text is stored.
    """

    def __init__(
        self, *, max_length: int = MAX_NAME_LENGTH, metadata: dict[str, Any] | None = None, **kwargs: Any
    ) -> None:
        metadata = {"pattern": ONE_LINE, **(metadata or {})}
        super().__init__(max_length=max_length, min_length=1, metadata=metadata, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        return checked(checked_text.one_line, super()._deserialize(*args, **kwargs))


class MultilineText(BoundedString):
    """Visible text of several lines, without other control and direction characters, or empty.

    Every line break becomes a line feed. Card numbers are refused, because the text is stored.
    """

    def __init__(self, *, metadata: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(metadata={"pattern": SEVERAL_LINES, **(metadata or {})}, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        return checked(checked_text.several_lines, super()._deserialize(*args, **kwargs))


class Name(Text):
    """A name or an address line: text without links, because mails to other people contain it."""

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        return checked(checked_text.name, super()._deserialize(*args, **kwargs))


def checked(check: Callable[[str], str], text: str) -> str:
    """The canonical form of the text by a function of `kit.checked_text`; raises ValidationError."""
    try:
        return check(text)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def refuse_card_number(text: str) -> str:
    """The text; raises ValidationError if it seems to contain a card number, because the text is stored."""
    return checked(checked_text.without_card_number, text)


class FullMatch(validate.Regexp):
    """Validates the whole text against a pattern, so that no line break may follow its `$` (as in JSON Schema)."""

    def __call__(self, value: str) -> str:
        """The value; raises ValidationError."""
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self.error)
        return value


class EmailAddress(BoundedString):
    """A mail address, converted to lower case. Whether its domain exists is not checked."""

    def __init__(self, *, metadata: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(max_length=MAX_EMAIL_LENGTH, metadata={"format": "email", **metadata}, **kwargs)

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        return checked(checked_text.email_address, super()._deserialize(*args, **kwargs))


class WebAddress(BoundedString, fields.URL):
    """An https address. Nothing is fetched from it."""

    def __init__(self, *, max_length: int = 500, metadata: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(
            max_length=max_length, schemes={"https"},
            metadata={"format": "uri", "pattern": "^https://", **metadata}, **kwargs,
        )  # fmt: skip

    def _deserialize(self, *args: Any, **kwargs: Any) -> str:
        return refuse_card_number(super()._deserialize(*args, **kwargs))


class Slug(BoundedString):
    """A name in public addresses."""

    def __init__(self, *, metadata: dict[str, Any], max_length: int = 100, **kwargs: Any) -> None:
        form = FullMatch(f"^{SLUG}$", error="Send words of lower-case letters a to z and digits, joined by hyphens.")
        super().__init__(
            max_length=max_length, min_length=1, checks=[form],
            metadata={"pattern": f"^{SLUG}$", **metadata}, **kwargs,
        )  # fmt: skip


class StrictBoolean(fields.Boolean):
    """true or false, and no value that Python or marshmallow would convert, such as 0."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class QueryInteger(fields.Integer):
    """A whole number in a query string: ASCII digits only, although Python's int() accepts 1_0, +10 and others."""

    def _validated(self, value: Any) -> int | None:
        if not re.fullmatch("-?[0-9]{1,9}", str(value)):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class QueryBoolean(fields.Boolean):
    """`true` or `false` in a query string, in no other spelling."""

    truthy: ClassVar[set[Any]] = {"true"}
    falsy: ClassVar[set[Any]] = {"false"}


class Country(fields.String):
    """A country code of ISO 3166-1."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"description": "ISO 3166-1 alpha-2", "pattern": "^[A-Z]{2}$", "examples": ["DE"]}
        super().__init__(validate=require_country, metadata=metadata, **kwargs)


def require_country(code: str) -> None:
    """Raise ValidationError unless this is the code of a country."""
    if code not in COUNTRIES:
        raise ValidationError("This is not a country code: send two capital letters of ISO 3166-1, such as DE.")


def require_currency(code: str) -> None:
    """Raise ValidationError unless this is the ISO 4217 code of a currency in use."""
    if code not in ACTIVE_CURRENCIES:
        raise ValidationError("This is not the ISO 4217 code of a currency in use.")


class List(fields.List):
    """A list of `min_items` to `max_items` entries. The number is checked before the entries.

    With `allow_none`, null is an empty list.
    """

    def __init__(
        self, entry: fields.Field[Any], *, max_items: int, min_items: int | None = None, **kwargs: Any
    ) -> None:
        self._length = validate.Length(min=min_items, max=max_items)
        super().__init__(entry, validate=self._length, **kwargs)

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Replace null by an empty list (overrides marshmallow)."""
        return super().deserialize([] if value is None and self.allow_none else value, *args, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        if isinstance(value, list):
            self._length(value)
        return super()._deserialize(value, *args, **kwargs)
