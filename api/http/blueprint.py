"""The blueprint class that every area uses."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import flask_smorest
from flask import Response, request
from marshmallow import Schema
from werkzeug.http import http_date

from api.auth import requirements
from api.http.parser import Parser
from api.http.refusals import OPERATION_REFUSALS_KEY
from kit.errors import Forbidden


class Blueprint(flask_smorest.Blueprint):
    """A flask-smorest blueprint with strict parsing, required permissions and deprecation headers."""

    ARGUMENTS_PARSER = Parser()

    def arguments(self, schema: type[Schema], **options: Any) -> Any:
        """Parse arguments with this schema; it is instantiated once, because that is slower than parsing."""
        return super().arguments(schema(), **options)

    def requires(self, requirement: requirements.Requirement) -> Callable[..., Any]:
        """Let only callers with this permission reach the view; with requirements.PUBLIC, everybody."""

        def declare(view: Callable[..., Any]) -> Any:
            requirements.REQUIRED[f"{self.name}.{view.__name__}"] = requirement
            return view

        return declare

    def refuses(self, *refusals: type[Forbidden]) -> Callable[..., Any]:
        """Document the 403 errors of the endpoint besides a missing permission and a suspended company."""
        return self.doc(**{OPERATION_REFUSALS_KEY: list(refusals)})

    def deprecated(self, *, since: datetime, until: datetime, link: str) -> Callable[..., Any]:
        """Mark an endpoint as deprecated in the OpenAPI document and in the headers of every response, errors too.

        It is deprecated from `since` on and may be removed from `until` on (aware datetimes). The page at `link` names
        the replacement (RFC 9745, RFC 8594). Raises ValueError if `until` is before `since`.
        """
        if until < since:
            raise ValueError("an endpoint is deprecated before its removal, not after")
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
