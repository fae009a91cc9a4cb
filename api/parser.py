"""Reading requests: JSON and query strings, refused with the field and the fix when they are not what a view takes."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar, NoReturn

import marshmallow
from flask import Request
from webargs.core import missing
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from kit.errors import Invalid


class Parser(FlaskParser):
    """How flask-smorest reads arguments here."""

    DEFAULT_UNKNOWN_BY_LOCATION: ClassVar[dict[str, str | None]] = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": marshmallow.RAISE,
    }

    def load_json(self, req: Request, schema: marshmallow.Schema) -> Any:  # noqa: ARG002
        """The body's JSON; an empty body is one without fields."""
        data = req.get_data()
        if not data:
            return missing
        if not req.is_json:
            raise UnsupportedMediaType("Send the body as application/json.")
        try:
            text = data.decode()
            body = json.loads(text, parse_float=_number, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise BadRequest("The body is not JSON (RFC 8259).") from None
        if "\\u" in text:  # in UTF-8, strict JSON can say them in no other way
            _refuse_unstorable(body)
        return body

    def load_querystring(self, req: Request, schema: marshmallow.Schema) -> Any:
        """The query's parameters."""
        _refuse_unstorable(req.args.to_dict())
        return super().load_querystring(req, schema)

    def handle_error(self, error: marshmallow.ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Raise Invalid, naming each field by its dotted path."""
        fields: dict[str, list[str]] = {}
        for by_field in error.normalized_messages().values():
            for path, message in _flat(by_field):
                fields.setdefault(path, []).append(message)
        raise Invalid(fields=fields) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _number(text: str) -> float:
    """To JSON 1.0 is the same number as 1."""
    number = float(text)
    return int(number) if number.is_integer() else number


_Place = tuple[()] | tuple[Any, str | int]
"""The place of what a value is in, and its key there. As paths, those of all values outgrow their body by far."""


def _refuse_unstorable(body: Any) -> None:
    """PostgreSQL keeps neither NUL nor half of a surrogate pair in text."""
    pending: list[tuple[_Place, Any]] = [((), body)]
    while pending:
        place, value = pending.pop()
        if isinstance(value, dict):
            pending += (((place, key), part) for key, part in value.items())
            pending += (((), key) for key in value)
        elif isinstance(value, list):
            pending += (((place, index), part) for index, part in enumerate(value))
        elif isinstance(value, str) and not _storable(value):
            raise Invalid(fields={_path(place): ["Leave out NUL and unpaired surrogates."]})


def _path(place: _Place) -> str:
    keys: list[str] = []
    while place:
        place, key = place
        keys.insert(0, str(key))
    return ".".join(keys)


def _storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _flat(inner, path if key == "_schema" else f"{path}.{key}")
    else:
        yield from ((path.lstrip("."), message) for message in messages)
