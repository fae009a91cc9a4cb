"""Pages for people: the home page, and a description of each problem `type`."""

from collections.abc import Iterator
from html import escape
from http import HTTPStatus

from flask import Blueprint, Response, abort

from api.http import errors
from kit.errors import OrderXError

HOME = """\
<h1>OrderX</h1>
<p>A commerce backend: companies sell in shops, buyers order and pay. This is its API.</p>
<ul>
<li><a href="/api/docs">Documentation</a>, also as <a href="/api/openapi.json">OpenAPI</a></li>
<li><a href="/api/asyncapi.json">Events</a>, as AsyncAPI</li>
<li><a href="/healthz">Liveness</a> <a href="/readyz">Readiness</a></li>
</ul>"""
PROBLEM = """\
<h1>{code}</h1>
<p>{meaning}</p>
<p>HTTP status {status} ({phrase}). In the response, <code>detail</code> describes this error, <code>errors</code>
names the wrong fields, and <code>request_id</code> is the id to quote to support.</p>
<p><a href="/api/docs">API documentation</a></p>"""

blueprint = Blueprint("website", __name__)


@blueprint.get("/")
@blueprint.get("/api")
def show_home() -> Response:
    """Show the home page."""
    return _page("OrderX", HOME)


@blueprint.get("/problems/<code>")
def show_problem(code: str) -> Response:
    """Describe a problem code; the `type` of problems links here (RFC 9457, section 3.1.1)."""
    meaning, status = dict(_problems()).get(code) or abort(404)
    text = PROBLEM.format(code=code, meaning=escape(meaning), status=status, phrase=status.phrase)
    return _page(f"{code}: OrderX", text)


def _problems() -> Iterator[tuple[str, tuple[str, HTTPStatus]]]:
    """Each code with its meaning and status. Our own errors come last and override HTTP statuses with the same code."""
    for status in HTTPStatus:
        if status >= HTTPStatus.BAD_REQUEST:
            yield status.name.lower(), (f"{status.description or status.phrase}.", status)
    yield errors.INTERNAL_ERROR, ("Internal error. It was logged.", HTTPStatus.INTERNAL_SERVER_ERROR)
    for kind in _subclasses(OrderXError):
        if status := errors.status_of(kind):
            yield kind.code, ((kind.__doc__ or "").strip(), status)


def _subclasses(kind: type[OrderXError]) -> Iterator[type[OrderXError]]:
    for each in kind.__subclasses__():
        yield from _subclasses(each)
        yield each


def _page(title: str, text: str) -> Response:
    head = f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>{title}</title>\n'
    return Response(f"{head}{text}\n</html>\n", content_type="text/html; charset=utf-8")
