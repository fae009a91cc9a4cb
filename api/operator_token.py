"""Telling the operator, who reads numbers about all companies, from everybody else."""

from urllib.parse import urlsplit

from flask import request

from kit.config import settings
from kit.errors import Unauthenticated
from kit.process import metrics


class NotTheOperator(Unauthenticated):
    """Only the operator may read this: send ORDERX_METRICS_TOKEN as Authorization: Bearer."""

    code = "operator_only"


def require() -> None:
    """Raise NotTheOperator unless the request has the token, or comes from this machine where none is set."""
    if not metrics.may_read(request.headers.get("Authorization"), peer=_peer()):
        raise NotTheOperator


def _peer() -> str | None:
    """The caller's address; none where the public reaches OrderX, for there it may be a proxy's."""
    is_local = urlsplit(settings().require("public_url")).hostname in {"localhost", "127.0.0.1", "::1"}
    return request.remote_addr if is_local else None
