"""One JSON line per request, with an id to find it by; never a body, a query or a path that leads nowhere."""

import re
import time
from uuid import UUID

import structlog
from flask import Flask, Response, g, request

from kit import logs
from kit.ids import new_id

log = structlog.get_logger()


def configure(app: Flask) -> None:
    """Log a line for every request, and give it an id: the caller's X-Request-ID if it is a UUID."""
    logs.configure()
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.began = time.perf_counter()
    g.request_id = _request_id()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=str(g.request_id))


def _request_id() -> UUID:
    given = request.headers.get("X-Request-ID", "")
    return UUID(given) if re.fullmatch(r"[0-9a-fA-F-]{36}", given) and given.count("-") == 4 else new_id()  # noqa: PLR2004


def _end(response: Response) -> Response:
    caller = g.get("caller")
    log.info(
        "request",
        method=request.method,
        path=request.path if request.url_rule else None,
        status=response.status_code,
        milliseconds=round((time.perf_counter() - g.began) * 1000, 1),
        user_id=str(caller.user_id) if caller else None,
        company_id=str(caller.company_id) if caller and caller.company_id else None,
    )
    response.headers["X-Request-ID"] = str(g.request_id)
    return response
