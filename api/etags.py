"""Optimistic concurrency: a version is its resource's ETag (RFC 9110, section 8.8.3)."""

import re
from http import HTTPStatus

from flask import Flask, Response, request

NO_VERSION = -1


def register(app: Flask) -> None:
    """Answer 304 to a reader who holds the current version already."""
    app.after_request(_spare_what_is_known)


def etag(version: int) -> dict[str, str]:
    """The header that names this version."""
    return {"ETag": f'"{version}"'}


def expected_version() -> int | None:
    """The version If-Match asks for; None when it asks for none, NO_VERSION for one there never was.

    A weak tag counts, too: a proxy that compresses an answer makes its tag weak, and the version is still the same.
    """
    if not request.if_match or request.if_match.star_tag:
        return None
    known = re.fullmatch(r'(?:W/)?"(\d{1,9})"', request.headers["If-Match"])
    return int(known[1]) if known else NO_VERSION


def _spare_what_is_known(response: Response) -> Response:
    if request.if_none_match and request.method in ("GET", "HEAD") and response.status_code == HTTPStatus.OK:
        response.make_conditional(request)
    return response
