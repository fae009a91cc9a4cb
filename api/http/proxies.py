"""The address of the client behind reverse proxies, from X-Forwarded-For."""

import re
from collections.abc import Iterable
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

_ADDRESS_PATTERN = re.compile(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?|([0-9.]+):[0-9]+")
"""Addresses with a port, as Azure's gateways and others write them: 203.0.113.9:4711, or [2001:db8::9]:4711."""


def trust(app: Flask, count: int) -> None:
    """Trust this many proxies to report the client's address. Ports are removed, since they differ by connection."""
    if count:
        inner = app.wsgi_app

        def without_port(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            environ["REMOTE_ADDR"] = address(environ.get("REMOTE_ADDR", ""))
            return inner(environ, start_response)

        app.wsgi_app = ProxyFix(without_port, x_for=count, x_proto=count)  # type: ignore[method-assign]


def address(forwarded: str) -> str:
    """An address from X-Forwarded-For without port and brackets."""
    parts = _ADDRESS_PATTERN.fullmatch(forwarded)
    return parts[1] or parts[2] if parts else forwarded
