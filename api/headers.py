"""Headers every answer carries: do not guess its type, show it in no frame, tell nobody whence, do not keep it."""

import base64
import hashlib
import re

from flask import Flask, Response, request

from kit.config import settings

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
ONE_YEAR = 365 * 24 * 3600


def register(app: Flask) -> None:
    """Add the headers to every answer of the app."""
    app.after_request(_protect)


def _protect(response: Response) -> Response:
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "no-referrer")
    is_swagger_ui = request.endpoint == "api-docs.openapi_swagger_ui"
    headers.setdefault(
        "Content-Security-Policy", for_swagger_ui(response.get_data(as_text=True)) if is_swagger_ui else NOTHING
    )
    # What has an ETag may be kept by its reader, who asks whether it is still current; the rest may hold tokens.
    headers.setdefault("Cache-Control", "private, no-cache" if "ETag" in headers else "no-store")
    # Not by how this request came: TLS ends before nginx, which sees plain HTTP.
    if settings().require("public_url").startswith("https://"):
        headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR}"
    return response


def for_swagger_ui(page: str) -> str:
    """What the page needs and no more: the script in it by its hash, and styles that Swagger UI makes as it runs."""
    inline = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline]
    scripts = " ".join(["'self'", *(f"'sha256-{each}'" for each in hashes)])
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
