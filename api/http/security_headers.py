"""Security headers of every response: no type sniffing, no frames, no referrer, no caching; CSP and HSTS."""

import base64
import hashlib
import re

from flask import Flask, Response, request

from kit.config import settings

DENY_ALL = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
ONE_YEAR = 365 * 24 * 3600


def register(app: Flask) -> None:
    """Add the headers to every response of the app."""
    app.after_request(_add_headers)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "no-referrer")
    is_swagger_ui = request.endpoint == "api-docs.openapi_swagger_ui"
    headers.setdefault(
        "Content-Security-Policy", swagger_ui_policy(response.get_data(as_text=True)) if is_swagger_ui else DENY_ALL
    )
    # Clients may store responses with an ETag and revalidate them; other responses may contain tokens.
    headers.setdefault("Cache-Control", "private, no-cache" if "ETag" in headers else "no-store")
    # By the public URL, not by this request: TLS may end before nginx, which then sees plain HTTP.
    if settings().require("public_url").startswith("https://"):
        headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR}"
    return response


def swagger_ui_policy(page: str) -> str:
    """The CSP of the Swagger UI page: its inline script by hash, and the styles that it creates at run time."""
    inline = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline]
    scripts = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in hashes)])
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
