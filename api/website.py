"""The few pages for people who look: what answers here, and what a problem's `type` means."""

from collections.abc import Iterator
from html import escape
from http import HTTPStatus

from flask import Blueprint, Response, abort

from api import errors
from kit.errors import OrderXError

START = """\
<h1>OrderX</h1>
<p>A commerce backend: companies sell in shops, buyers order and pay. This is its API, for programs.</p>
<ul>
<li><a href="/api/docs">Documentation</a>, and the same as <a href="/api/openapi.json">OpenAPI</a></li>
<li><a href="/healthz">Is it alive?</a> <a href="/readyz">Is it ready?</a></li>
</ul>"""
PROBLEM = """\
<h1>{code}</h1>
<p>{meaning}</p>
<p>HTTP status {status} ({phrase}). The answer's <code>detail</code> says more about the one request,
<code>errors</code> names its fields, and <code>request_id</code> is what to quote to support.</p>
<p><a href="/api/docs">Documentation of the API</a></p>"""

blueprint = Blueprint("website", __name__)


@blueprint.get("/")
@blueprint.get("/api")
def show_start() -> Response:
    """Say what answers here."""
    return _page("OrderX", START)


@blueprint.get("/problems/<code>")
def show_problem(code: str) -> Response:
    """Say what a problem's code means: `type` leads here (RFC 9457, section 3.1.1)."""
    meaning, status = dict(_problems()).get(code) or abort(404)
    text = PROBLEM.format(code=code, meaning=escape(meaning), status=status, phrase=status.phrase)
    return _page(f"{code}: OrderX", text)


def _problems() -> Iterator[tuple[str, tuple[str, HTTPStatus]]]:
    """Each code with its meaning and status; those of our own errors come last, and count where both have one."""
    for status in HTTPStatus:
        if status >= HTTPStatus.BAD_REQUEST:
            yield status.name.lower(), (f"{status.description or status.phrase}.", status)
    yield errors.UNEXPECTED, ("Something went wrong on our side. It has been logged.", HTTPStatus.INTERNAL_SERVER_ERROR)
    for kind in _kinds(OrderXError):
        if status := errors.status_of(kind):
            yield kind.code, ((kind.__doc__ or "").strip(), status)


def _kinds(kind: type[OrderXError]) -> Iterator[type[OrderXError]]:
    for each in kind.__subclasses__():
        yield from _kinds(each)
        yield each


def _page(title: str, text: str) -> Response:
    head = f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
    return Response(f"{head}{text}\n</html>\n", content_type="text/html; charset=utf-8")
