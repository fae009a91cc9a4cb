"""One JSON log line per request, with its id; never a body, a header, a query or a value from the path."""

import time

import structlog
from flask import Flask, Response, g, request

from api.http import request_ids
from api.http.metrics import METHODS
from kit.messaging import causation
from kit.messaging.origin import Origin, trace_id
from kit.process import logs

log = structlog.get_logger()


def register(app: Flask) -> None:
    """Log every request, and add the request id to all log lines of the request."""
    logs.configure()
    app.before_request(_start)
    app.after_request(_finish)
    app.teardown_request(_forget_request)


def _start() -> None:
    g.began = time.perf_counter()
    request_ids.assign()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id, trace_id=trace_id(g.traceparent))
    causation.REQUEST.set(Origin(g.request_id, g.traceparent))


def _finish(response: Response) -> Response:
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


def _forget_request(_error: BaseException | None) -> None:
    causation.REQUEST.set(None)
