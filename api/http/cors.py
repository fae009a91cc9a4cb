"""CORS: pages of the configured origins may call the API from a browser, with a token and never with a cookie."""

import re

from flask import Flask, Response, current_app, request
from flask_cors import CORS

from kit.config import settings

PATHS = r"/(api|\.well-known)/.*"
REQUEST_HEADERS = (
    "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Prefer", "X-Request-ID",
    "traceparent",
)  # fmt: skip
RESPONSE_HEADERS = (
    "Deprecation", "ETag", "Idempotent-Replayed", "Link", "Location", "Preference-Applied", "RateLimit",
    "RateLimit-Policy", "Retry-After", "Sunset", "X-Request-ID",
)  # fmt: skip
PREFLIGHT_MAX_AGE = 600
"""Seconds for which a browser may cache a preflight response."""


def register(app: Flask) -> None:
    """Allow the origins in ORDERX_CORS_ORIGINS; without the setting, none."""
    origins = settings().cors_origins
    if origins:
        CORS(
            app, resources=PATHS, origins=origins.split(","), allow_headers=REQUEST_HEADERS,
            expose_headers=RESPONSE_HEADERS,
            methods=["GET", "POST", "PUT", "PATCH", "DELETE"], max_age=PREFLIGHT_MAX_AGE, always_send=False,
            supports_credentials=False,
        )  # fmt: skip
        app.after_request(_vary_by_origin)
    app.before_request(_answer_preflight)


def _vary_by_origin(response: Response) -> Response:
    """Add Vary: Origin to all responses (Fetch, section 3.2.7); Flask-CORS adds it for allowed origins only."""
    if re.fullmatch(PATHS, request.path):
        response.vary.add("Origin")
    return response


def _answer_preflight() -> Response | None:
    """Respond to preflight requests before authentication, because browsers send them without the token."""
    is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    if not is_preflight or request.url_rule is None:
        return None
    return current_app.make_default_options_response()
