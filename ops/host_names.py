"""Which names a development server answers to: those of loopback, and those it is given.

A page of any site can have its own name lead to 127.0.0.1 (DNS rebinding) and then read, in its visitor's browser,
what a server on this machine shows without a password. The `Host` header still holds the page's own name.
"""

import re
from collections.abc import Iterable

from flask import Flask, abort, request

from api import paths

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
REFUSAL = "This server answers to localhost and to names given with --trusted-host; the Host header has another one."
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::[0-9]{1,5})?")


def is_answered(host: str, trusted: Iterable[str] = ()) -> bool:
    """Whether a `Host` header holds a name of loopback or a trusted one, on any port."""
    parts = _HOST.fullmatch(host.lower())
    return parts is not None and parts[1] in LOOPBACK.union(name.lower() for name in trusted)


def guard(app: Flask, trusted: Iterable[str]) -> None:
    """Answer 400 to requests for any other host, and 404 to paths that lead to another one."""
    names = tuple(trusted)
    paths.refuse_double_slashes(app)

    @app.before_request
    def check_host() -> None:
        if not is_answered(request.headers.get("Host", ""), names):
            abort(400, REFUSAL)
