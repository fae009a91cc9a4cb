"""Headers every answer carries: do not guess its type, do not keep it for others."""

from flask import Flask, Response


def register(app: Flask) -> None:
    """Add the headers to every answer of the app."""
    app.after_request(_protect)


def _protect(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    # What has an ETag may be kept by its reader, who asks whether it is still current; the rest may hold tokens.
    response.headers.setdefault("Cache-Control", "private, no-cache" if "ETag" in response.headers else "no-store")
    return response
