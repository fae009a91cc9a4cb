"""Error responses for requests that do not reach the app, as problem details (RFC 9457)."""

import json
from http import HTTPStatus

import structlog
from gunicorn.http import errors
from prometheus_client import Counter

from kit.ids import new_id

log = structlog.get_logger()

REFUSED = Counter("orderx_http_refused_requests", "Requests refused before they reached the app", ["status"])

_STATUS = {
    errors.LimitRequestLine: HTTPStatus.REQUEST_URI_TOO_LONG,
    errors.LimitRequestHeaders: HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    errors.ExpectationFailed: HTTPStatus.EXPECTATION_FAILED,
    errors.UnsupportedTransferCoding: HTTPStatus.NOT_IMPLEMENTED,
}
_DETAIL = {
    HTTPStatus.BAD_REQUEST: "The request is not valid HTTP/1.1 (RFC 9112), or has no valid Host header.",
    HTTPStatus.REQUEST_TIMEOUT: "The request was incomplete: send its head within 10 s, its body within 30 s.",
    HTTPStatus.REQUEST_URI_TOO_LONG: "The request line is too long: shorten the path and the query.",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers are too long: send at most 100, of 32 KiB together.",
    HTTPStatus.EXPECTATION_FAILED: "The only supported value of Expect is 100-continue.",
    HTTPStatus.NOT_IMPLEMENTED: "Send the body with Content-Length or chunked.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Too many large requests are in progress; try again shortly.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "The error has been logged.",
}


def status_of(error: Exception) -> HTTPStatus:
    """Return the response status for an exception of gunicorn's parser."""
    if isinstance(error, (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)):
        return HTTPStatus.INTERNAL_SERVER_ERROR
    if isinstance(error, errors.ParseException):
        return _STATUS.get(type(error), HTTPStatus.BAD_REQUEST)
    return HTTPStatus.INTERNAL_SERVER_ERROR


def response(status: HTTPStatus, *, cause: str) -> bytes:
    """Return a complete HTTP/1.1 response, without any content of the request. The connection closes after it.

    It is counted, and logged with its request id and cause; the cause names the type of error and quotes nothing.
    """
    request_id = str(new_id())
    REFUSED.labels(int(status)).inc()
    log.info("request_refused", request_id=request_id, status=int(status), cause=cause)
    code = status.name.lower()
    body = json.dumps({
        "type": f"/problems/{code}",
        "title": status.phrase,
        "status": status,
        "detail": _DETAIL[status],
        "instance": f"/requests/{request_id}",
        "code": code,
        "request_id": request_id,
    }).encode()  # fmt: skip
    headers = {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Request-ID": request_id,
    }
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "5"
    lines = [f"HTTP/1.1 {status} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
