"""Access for the operator of this installation, who reads metrics of all companies."""

from urllib.parse import urlsplit

from flask import request

from kit.config import settings
from kit.errors import Unauthenticated
from kit.process import metrics


class OperatorOnly(Unauthenticated):
    """Only the operator of this server has access: send ORDERX_METRICS_TOKEN as Authorization: Bearer."""

    code = "operator_only"


def require() -> None:
    """Raise OperatorOnly unless the request has the token, or no token is set and the request is from this machine."""
    if not metrics.may_read(request.headers.get("Authorization"), peer=_peer()):
        raise OperatorOnly


def _peer() -> str | None:
    """The caller's address; None on a public server, where it may be the address of a proxy."""
    is_local = urlsplit(settings().require("public_url")).hostname in {"localhost", "127.0.0.1", "::1"}
    return request.remote_addr if is_local else None
