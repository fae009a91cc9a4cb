"""Optimistic concurrency: the ETag of a resource is its version (RFC 9110, section 8.8.3)."""

import re
from http import HTTPStatus
from typing import TypeVar

from flask import Flask, Response, request
from werkzeug.http import quote_etag

from kit.versions import Versioned

Body = TypeVar("Body")
Row = TypeVar("Row", bound=Versioned)
WithHeaders = tuple[Body, dict[str, str]]
"""What a view returns: the body, and headers of the response."""

_VERSION_PATTERN = re.compile(r"[1-9][0-9]{0,8}")


def register(app: Flask) -> None:
    """Respond 304 to reads with the current version in If-None-Match."""
    app.after_request(_send_not_modified)


def etag(version: int) -> dict[str, str]:
    """The ETag header for this version."""
    return {"ETag": quote_etag(str(version))}


def with_etag(row: Row) -> WithHeaders[Row]:
    """The response with this row as it is now."""
    return row, etag(row.version)


def created(row: Row, path: str) -> WithHeaders[Row]:
    """The response with a row that was created, and is found at this path from now on."""
    return row, {"Location": path, **etag(row.version)}


def expected_versions() -> frozenset[int] | None:
    """The versions in If-Match, any of which allows the change; None if every version does (RFC 9110, section 13.1.1).

    A header that names no version gives an empty set, so that the change is refused. Weak tags are accepted: a proxy
    that compresses a response makes its tag weak, but the version is the same.
    """
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    return frozenset(int(tag) for tag in request.if_match.as_set(include_weak=True) if _VERSION_PATTERN.fullmatch(tag))


def _send_not_modified(response: Response) -> Response:
    if request.if_none_match and request.method in ("GET", "HEAD") and response.status_code == HTTPStatus.OK:
        response.make_conditional(request)
    return response
