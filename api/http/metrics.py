"""Prometheus metrics of requests: count, status and duration.

The processes of `orderx api --workers N` share their counters (kit/process/metrics.py).
"""

import time

from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

REQUESTS = Counter("orderx_http_requests", "HTTP requests", ["method", "endpoint", "status"])
REQUEST_SECONDS = Histogram("orderx_http_request_duration_seconds", "Duration of HTTP requests", ["method", "endpoint"])
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def register(app: Flask) -> None:
    """Measure every request of the app."""
    app.after_request(_measure)


def _measure(response: Response) -> Response:
    method = request.method if request.method in METHODS else "other"
    endpoint = request.endpoint or "none"
    REQUESTS.labels(method, endpoint, response.status_code).inc()
    REQUEST_SECONDS.labels(method, endpoint).observe(time.perf_counter() - g.began)
    return response
