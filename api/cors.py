"""Which sites' pages may call the API from a browser: those that are named, with a token and never by cookie."""

import re

from flask import Flask, Response, current_app, request
from flask_cors import CORS

from kit.config import settings

PATHS = r"/(api|\.well-known)/.*"
SENT = (
    "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "Prefer", "X-Request-ID",
    "traceparent",
)  # fmt: skip
READ = (
    "Deprecation", "ETag", "Idempotent-Replayed", "Link", "Location", "Preference-Applied", "RateLimit",
    "RateLimit-Policy", "Retry-After", "Sunset", "X-Request-ID",
)  # fmt: skip
ASK_EVERY = 600
"""Seconds a browser may keep what a preflight told it."""


def register(app: Flask) -> None:
    """Tell browsers that these pages may; no page, where none is named."""
    named = settings().cors_origins
    if named:
        CORS(
            app, resources=PATHS, origins=named.split(","), allow_headers=SENT, expose_headers=READ,
            methods=["GET", "POST", "PUT", "PATCH", "DELETE"], max_age=ASK_EVERY, always_send=False,
            supports_credentials=False,
        )  # fmt: skip
        app.after_request(_vary_by_origin)
    app.before_request(_answer_preflight)


def _vary_by_origin(response: Response) -> Response:
    """Tell caches that another page gets another answer (Fetch, section 3.2.7); Flask-CORS tells pages named alone."""
    if re.fullmatch(PATHS, request.path):
        response.vary.add("Origin")
    return response


def _answer_preflight() -> Response | None:
    """A browser asks first whether it may send the token, so it sends none yet."""
    is_preflight = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
    if not is_preflight or request.url_rule is None:
        return None
    return current_app.make_default_options_response()
