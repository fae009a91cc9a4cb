"""Reading requests: JSON and query strings, refused with the field and the fix when they are not what a view takes."""

from collections.abc import Iterator
from typing import Any, ClassVar, NoReturn

import marshmallow
from webargs.core import missing
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType

from api.bodies import Request
from api.strict_json import DuplicateName, refuse_unstorable
from kit.errors import Invalid


class Parser(FlaskParser):
    """How flask-smorest reads arguments here."""

    DEFAULT_UNKNOWN_BY_LOCATION: ClassVar[dict[str, str | None]] = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": marshmallow.RAISE,
    }

    def load_json(self, req: Request, schema: marshmallow.Schema) -> Any:  # noqa: ARG002
        """The body's JSON; an empty body is one without fields."""
        if not req.get_data():
            return missing
        if req.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise Encoded
        if not req.is_json:
            raise UnsupportedMediaType("Send the body as application/json.")
        return req.json_body

    def load_querystring(self, req: Request, schema: marshmallow.Schema) -> Any:
        """The query's parameters, each of which may be there once."""
        for name, values in req.args.lists():
            if len(values) > 1:
                raise DuplicateName(name)
            refuse_unstorable(values[0], name)
        return super().load_querystring(req, schema)

    def handle_error(self, error: marshmallow.ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Raise Invalid, naming each field by its dotted path."""
        fields: dict[str, list[str]] = {}
        for by_field in error.normalized_messages().values():
            for path, message in _flat(by_field):
                fields.setdefault(path, []).append(message)
        raise Invalid(fields=fields) from None


class Encoded(UnsupportedMediaType):
    """The body is compressed, which the answer says is not taken (RFC 9110, section 15.5.16)."""

    description = "Send the body as it is, without Content-Encoding."

    def get_headers(self, *args: Any, **named: Any) -> list[tuple[str, str]]:
        """See werkzeug."""
        return [*super().get_headers(*args, **named), ("Accept-Encoding", "identity")]


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _flat(inner, path if key == "_schema" else f"{path}.{key}")
    else:
        yield from ((path.lstrip("."), message) for message in messages)
