"""Optimistic concurrency: a version is its resource's ETag (RFC 9110, section 8.8.3)."""

import re
from http import HTTPStatus

from flask import Flask, Response, request

_OPAQUE = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_TAGS = re.compile(rf"[ \t]*(?:{_OPAQUE}[ \t]*)?(?:,[ \t]*(?:{_OPAQUE}[ \t]*)?)*")
_VERSION = re.compile(r'"([1-9][0-9]{0,8})"')


def register(app: Flask) -> None:
    """Answer 304 to a reader who holds the current version already."""
    app.after_request(_spare_what_is_known)


def etag(version: int) -> dict[str, str]:
    """The header that names this version."""
    return {"ETag": f'"{version}"'}


def expected_versions() -> frozenset[int] | None:
    """The versions of which If-Match asks for any; None when any at all will do (RFC 9110, section 13.1.1).

    There are none among what is no list of tags, for whoever sent it meant to ask for something.
    A weak tag counts, too: a proxy that compresses an answer makes its tag weak, and the version is still the same.
    """
    asked = request.headers.get("If-Match")
    if asked is None or asked.strip(" \t") == "*":
        return None
    tags = re.findall(_OPAQUE, asked) if _TAGS.fullmatch(asked) else []
    return frozenset(int(known[1]) for known in map(_VERSION.search, tags) if known)


def _spare_what_is_known(response: Response) -> Response:
    if request.if_none_match and request.method in ("GET", "HEAD") and response.status_code == HTTPStatus.OK:
        response.make_conditional(request)
    return response
