"""Parse and validate JSON bodies and query strings; errors name the field and say how to fix it."""

from collections.abc import Iterator
from typing import Any, ClassVar, NoReturn

import marshmallow
from webargs.core import missing
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType

from api.http.request_body import Request
from api.http.strict_json import DuplicateName, refuse_unstorable
from kit.errors import Invalid


class Parser(FlaskParser):
    """The argument parser of our blueprints: strict JSON, and no unknown query parameters."""

    DEFAULT_UNKNOWN_BY_LOCATION: ClassVar[dict[str, str | None]] = {
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "query": marshmallow.RAISE,
    }

    def load_json(self, req: Request, schema: marshmallow.Schema) -> Any:  # noqa: ARG002
        """The JSON of the body; an empty body counts as an object without fields."""
        if not req.get_data():
            return missing
        if req.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise CompressedBody
        if not req.is_json:
            raise UnsupportedMediaType("Send the body as application/json.")
        return req.json_body

    def load_querystring(self, req: Request, schema: marshmallow.Schema) -> Any:
        """The query parameters; each may occur once, except those that are lists."""
        query = super().load_querystring(req, schema)
        for name, values in req.args.lists():
            if len(values) > 1 and name not in query.multiple_keys:
                raise DuplicateName(name)
            for value in values:
                refuse_unstorable(value, name)
        return query

    def handle_error(self, error: marshmallow.ValidationError, *_: Any, **__: Any) -> NoReturn:
        """Raise Invalid with the dotted path of each wrong field."""
        fields: dict[str, list[str]] = {}
        for by_field in error.normalized_messages().values():
            for path, message in _flatten(by_field):
                fields.setdefault(path, []).append(message)
        raise Invalid(fields=fields) from None


class CompressedBody(UnsupportedMediaType):
    """The body is compressed, which this API does not support (RFC 9110, section 15.5.16)."""

    description = "Send the body uncompressed, without Content-Encoding."

    def get_headers(self, *args: Any, **named: Any) -> list[tuple[str, str]]:
        """Add Accept-Encoding (overrides werkzeug)."""
        return [*super().get_headers(*args, **named), ("Accept-Encoding", "identity")]


def _flatten(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _flatten(inner, path if key == "_schema" else f"{path}.{key}")
    else:
        yield from ((path.lstrip("."), message) for message in messages)
