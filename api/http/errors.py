"""Errors as RFC 9457 problem details, and the HTTP status of each kind of error.

Problems never repeat the input, because it could contain a card number.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from flask import Flask, Response, g, json
from werkzeug.exceptions import HTTPException

from api.http.strict_json import DuplicateName
from domain.payments import cards
from kit import db
from kit.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    OrderXError,
    Stale,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)

log = structlog.get_logger()

STATUS: dict[type[OrderXError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Stale: HTTPStatus.PRECONDITION_FAILED,
    Forbidden: HTTPStatus.FORBIDDEN,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    DuplicateName: HTTPStatus.BAD_REQUEST,
}
RETRY_AFTER = "5"
"""Seconds after which a client may repeat a request that was answered with 503."""
EXTENSION_MEMBERS = ("exceeded_limits", "saga")
"""What a problem says for programs, from the error's `detail`."""
INTERNAL_ERROR = "internal_error"
MAX_FIELD_ERRORS, MAX_PATH_LENGTH = 50, 200

MessagesByField = Mapping[str, list[str]]


def register(app: Flask) -> None:
    """Respond to every error of the app with a problem."""
    app.register_error_handler(OrderXError, response_to)
    app.register_error_handler(HTTPException, _http_response)
    app.register_error_handler(Exception, _internal_error)


def problem(
    status: HTTPStatus,
    *,
    code: str,
    title: str,
    detail: str,
    fields: MessagesByField | None = None,
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An application/problem+json response; `fields` maps dotted paths to messages, `members` are further ones."""
    body = {
        "type": f"/problems/{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": f"/requests/{quote(g.request_id, safe='')}",
        "code": code,
        "request_id": g.request_id,
    }
    if fields:
        body["errors"] = [
            {"path": _masked(path)[:MAX_PATH_LENGTH], "message": message}
            for path, messages in list(fields.items())[:MAX_FIELD_ERRORS]
            for message in messages
        ]
    body |= members or {}
    return Response(json.dumps(body), status, headers, content_type="application/problem+json")


def _masked(path: str) -> str:
    """Mask the digits of a path with as many digits as a card number.

    The name of an unknown field comes from the client, so it could be a card number.
    """
    digits = sum(char.isnumeric() for char in path)
    return path if digits < cards.MIN_DIGITS else "".join("#" if char.isnumeric() else char for char in path)


def status_of(kind: type[OrderXError]) -> HTTPStatus | None:
    """The HTTP status of this kind of error; None for errors that clients never see."""
    return next((STATUS[each] for each in kind.__mro__ if each in STATUS), None)


def response_to(error: OrderXError) -> Response:
    """The problem that describes the error."""
    status = status_of(type(error))
    if status is None:
        return _internal_error(error)
    return problem(
        status,
        code=error.code,
        title=type(error).title(),
        detail=error.message,
        fields=error.fields if isinstance(error, Invalid) else None,
        members={name: error.detail[name] for name in EXTENSION_MEMBERS if name in error.detail},
        headers=_headers(status, error),
    )


def _http_response(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error  # a redirect
    status = HTTPStatus(error.code)
    headers = {name: value for name, value in error.get_headers() if name != "Content-Type"}  # Allow, Retry-After
    return problem(
        status,
        code=status.name.lower(),
        title=status.phrase,
        detail=error.description or status.phrase,
        headers=headers,
    )


def _internal_error(error: Exception) -> Response:
    if db.is_outage(error):
        log.error("database_unavailable", error=type(error).__name__)
        return response_to(Unavailable("The database is unavailable. Try again in a few seconds."))
    log.error("unexpected_error", exc_info=error)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        code=INTERNAL_ERROR,
        title="Internal error.",
        detail="The error was logged with this request_id.",
    )


def _headers(status: HTTPStatus, error: OrderXError) -> dict[str, str]:
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.seconds)}
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="orderx"'}
    return {"Retry-After": RETRY_AFTER} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
