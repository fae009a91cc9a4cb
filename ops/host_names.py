"""The host names that a development server accepts: those of loopback, and configured ones.

Any web site can point its domain name to 127.0.0.1 (DNS rebinding) and then read, in a visitor's browser, what a
server on that machine shows without a password. The `Host` header still contains the site's domain name.
"""

import re
from collections.abc import Iterable

from flask import Flask, abort, request

from api.http import double_slashes

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
REFUSAL_MESSAGE = (
    "This server accepts only localhost and names given with --trusted-host; the Host header has another name."
)
_HOST_PATTERN = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")


def is_allowed(host: str, trusted: Iterable[str] = ()) -> bool:
    """Whether a `Host` header contains a name of loopback or a trusted name, with any port."""
    parts = _HOST_PATTERN.fullmatch(host.lower())
    return parts is not None and parts[1] in LOOPBACK.union(name.lower() for name in trusted)


def restrict(app: Flask, trusted: Iterable[str]) -> None:
    """Answer 400 to requests for other hosts, and 404 to paths with `//`, which name another host."""
    names = tuple(trusted)
    double_slashes.register(app)

    @app.before_request
    def check_host() -> None:
        if not is_allowed(request.headers.get("Host", ""), names):
            abort(400, REFUSAL_MESSAGE)
