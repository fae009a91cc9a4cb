"""How many requests, how they ended and how long they took, for Prometheus.

The processes of `orderx api --workers N` share their metrics (kit/process/metrics.py); Prometheus adds up containers.
"""

import time

from flask import Flask, Response, g, request
from prometheus_client import Counter, Histogram

REQUESTS = Counter("orderx_http_requests", "Requests answered", ["method", "endpoint", "status"])
SECONDS = Histogram("orderx_http_request_duration_seconds", "Time to answer", ["method", "endpoint"])
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def register(app: Flask) -> None:
    """Measure every request of the app."""
    app.after_request(_measure)


def _measure(response: Response) -> Response:
    method = request.method if request.method in METHODS else "other"
    endpoint = request.endpoint or "none"
    REQUESTS.labels(method, endpoint, response.status_code).inc()
    SECONDS.labels(method, endpoint).observe(time.perf_counter() - g.began)
    return response
