"""Every error as RFC 9457 problem details. The only place that knows which HTTP code an error is.

No input is ever repeated: it could hold a card number.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from flask import Flask, Response, g, json
from werkzeug.exceptions import HTTPException

from api.strict_json import DuplicateName
from domain.catalogue.errors import ProductChanged
from domain.companies.errors import CompanyChanged
from domain.payments import cards
from domain.sales.errors import IdempotencyKeyReused
from domain.shops.errors import LocationChanged, ShopChanged
from kit import db
from kit.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    OrderXError,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
)

log = structlog.get_logger()

STATUS: dict[type[OrderXError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Forbidden: HTTPStatus.FORBIDDEN,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    DuplicateName: HTTPStatus.BAD_REQUEST,
    IdempotencyKeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    CompanyChanged: HTTPStatus.PRECONDITION_FAILED,
    LocationChanged: HTTPStatus.PRECONDITION_FAILED,
    ProductChanged: HTTPStatus.PRECONDITION_FAILED,
    ShopChanged: HTTPStatus.PRECONDITION_FAILED,
}
RETRY_AFTER = "5"
UNEXPECTED = "internal_error"
MOST_FIELDS, LONGEST_PATH = 50, 200

Fields = Mapping[str, list[str]]


def register(app: Flask) -> None:
    """Answer every error of the app with a problem."""
    app.register_error_handler(OrderXError, of_ours)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _unexpected)


def problem(
    status: HTTPStatus,
    *,
    code: str,
    title: str,
    detail: str,
    fields: Fields | None = None,
    over: Sequence[Mapping[str, Any]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An application/problem+json response; `fields` maps dotted paths to messages, `over` names a plan's limits."""
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
            {"path": _without_numbers(path)[:LONGEST_PATH], "message": message}
            for path, messages in list(fields.items())[:MOST_FIELDS]
            for message in messages
        ]
    if over:
        body["over"] = over
    return Response(json.dumps(body), status, headers, content_type="application/problem+json")


def _without_numbers(path: str) -> str:
    """The path of an unknown field is the sender's own words: it must not be what repeats a card number.

    So it has no digits when it has as many as a card's number, however they are written and set apart.
    """
    digits = sum(character.isnumeric() for character in path)
    return path if digits < cards.MIN_DIGITS else "".join("#" if each.isnumeric() else each for each in path)


def status_of(kind: type[OrderXError]) -> HTTPStatus | None:
    """The HTTP status of this kind of error; None when callers never see it."""
    return next((STATUS[each] for each in kind.__mro__ if each in STATUS), None)


def of_ours(error: OrderXError) -> Response:
    """The problem that one of our errors is."""
    status = status_of(type(error))
    if status is None:
        return _unexpected(error)
    return problem(
        status,
        code=error.code,
        title=type(error).title(),
        detail=error.message,
        fields=error.fields if isinstance(error, Invalid) else None,
        over=error.detail.get("over"),
        headers=_headers(status, error),
    )


def _of_http(error: HTTPException) -> Response | HTTPException:
    if error.code is None or error.code < HTTPStatus.BAD_REQUEST:
        return error  # a redirect
    status = HTTPStatus(error.code)
    kept = {name: value for name, value in error.get_headers() if name != "Content-Type"}  # Allow, Retry-After
    return problem(
        status,
        code=status.name.lower(),
        title=status.phrase,
        detail=error.description or status.phrase,
        headers=kept,
    )


def _unexpected(error: Exception) -> Response:
    if db.is_outage(error):
        log.error("database_unavailable", error=type(error).__name__)
        return of_ours(Unavailable("The database does not answer just now; try again shortly."))
    log.error("unexpected_error", exc_info=error)
    return problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        code=UNEXPECTED,
        title="Something went wrong on our side.",
        detail="It has been logged under this problem's request_id.",
    )


def _headers(status: HTTPStatus, error: OrderXError) -> dict[str, str]:
    if isinstance(error, TooManyRequests):
        return {"Retry-After": str(error.seconds)}
    if status == HTTPStatus.UNAUTHORIZED:
        return {"WWW-Authenticate": 'Bearer realm="orderx"'}
    return {"Retry-After": RETRY_AFTER} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
