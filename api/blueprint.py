"""The blueprint every area uses."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import flask_smorest
from flask import Response, request
from marshmallow import Schema
from werkzeug.http import http_date

from api.parser import Parser
from api.refusals import ALSO_REFUSED
from kit.errors import Forbidden


class Blueprint(flask_smorest.Blueprint):
    """A flask-smorest blueprint that reads requests strictly, and tells callers of endpoints that will go."""

    ARGUMENTS_PARSER = Parser()

    def arguments(self, schema: type[Schema], **options: Any) -> Any:
        """Read what the schema describes; the schema is made once, which costs more than reading with it."""
        return super().arguments(schema(), **options)

    def refuses(self, *refusals: type[Forbidden]) -> Callable[..., Any]:
        """Note, for the document, what the endpoint refuses (403) beyond roles and suspended companies."""
        return self.doc(**{ALSO_REFUSED: list(refusals)})

    def deprecated(self, *, since: datetime, until: datetime, link: str) -> Callable[..., Any]:
        """Tell callers of an endpoint to leave it: in the OpenAPI document and with every answer, problems too.

        They should from `since` on, and from `until` on it may be gone (both aware); the page behind `link` says what
        to call in its place (RFC 9745, RFC 8594). Raises ValueError when it would be gone before they are told.
        """
        if until < since:
            raise ValueError("an endpoint is deprecated before it goes, not after")
        headers = {
            "Deprecation": f"@{int(since.timestamp())}",
            "Sunset": http_date(until),
            "Link": f'<{link}>; rel="deprecation"',
        }

        def mark(view: Callable[..., Any]) -> Any:
            def warn(response: Response) -> Response:
                if request.endpoint == f"{self.name}.{view.__name__}":
                    response.headers.update(headers)
                return response

            self.after_request(warn)
            return self.doc(deprecated=True)(view)

        return mark
