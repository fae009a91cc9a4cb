"""Optimistic concurrency: the ETag of a resource is its version (RFC 9110, section 8.8.3)."""

import re
from http import HTTPStatus

from flask import Flask, Response, request

_OPAQUE_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAG_LIST = re.compile(rf"[ \t]*(?:{_OPAQUE_TAG}[ \t]*)?(?:,[ \t]*(?:{_OPAQUE_TAG}[ \t]*)?)*")
_VERSION = re.compile(r'"([1-9][0-9]{0,8})"')


def register(app: Flask) -> None:
    """Respond 304 to reads with the current version in If-None-Match."""
    app.after_request(_send_not_modified)


def etag(version: int) -> dict[str, str]:
    """The ETag header for this version."""
    return {"ETag": f'"{version}"'}


def expected_versions() -> frozenset[int] | None:
    """The versions in If-Match, any of which allows the change; None if every version does (RFC 9110, section 13.1.1).

    A malformed header gives an empty set, so that the change is refused. Weak tags are accepted: a proxy that
    compresses a response makes its tag weak, but the version is the same.
    """
    header = request.headers.get("If-Match")
    if header is None or header.strip(" \t") == "*":
        return None
    tags = re.findall(_OPAQUE_TAG, header) if _TAG_LIST.fullmatch(header) else []
    return frozenset(int(match[1]) for match in map(_VERSION.search, tags) if match)


def _send_not_modified(response: Response) -> Response:
    if request.if_none_match and request.method in ("GET", "HEAD") and response.status_code == HTTPStatus.OK:
        response.make_conditional(request)
    return response
