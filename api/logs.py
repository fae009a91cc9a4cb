"""One JSON line per request, with an id to find it by; never a body, a header, a query or a value from the path."""

import time

import structlog
from flask import Flask, Response, g, request

from api import request_ids
from api.measures import METHODS
from kit.process import logs

log = structlog.get_logger()


def configure(app: Flask) -> None:
    """Log a line for every request, with the request's id, as has every other line logged meanwhile."""
    logs.configure()
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.began = time.perf_counter()
    request_ids.take_or_make()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id, trace_id=request_ids.trace_id())


def _end(response: Response) -> Response:
    caller = g.get("caller")
    log.info(
        "request",
        method=request.method if request.method in METHODS else "other",
        path=request.url_rule.rule if request.url_rule else None,
        status=response.status_code,
        milliseconds=round((time.perf_counter() - g.began) * 1000, 1),
        user_id=str(caller.user_id) if caller else None,
        company_id=str(caller.company_id) if caller and caller.company_id else None,
    )
    response.headers["X-Request-ID"] = g.request_id
    return response
