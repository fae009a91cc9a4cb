"""The sandbox's Flask app: Stripe's API under /v1, and /ledger for audits."""

from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from ops import host_names
from ops.sandbox import intents, methods, queries, refunds
from ops.sandbox.errors import Json, Refused, error
from ops.sandbox.idempotency import Reply
from ops.sandbox.ledger import Ledger
from ops.sandbox.views import Views

ACTIONS: dict[str, Callable[..., Reply]] = {
    "/v1/payment_methods": methods.create,
    "/v1/payment_intents": intents.create,
    "/v1/payment_intents/<intent>/confirm": intents.confirm,
    "/v1/payment_intents/<intent>/capture": intents.capture,
    "/v1/payment_intents/<intent>/cancel": intents.cancel,
    "/v1/refunds": refunds.create,
}
QUERIES: dict[str, Callable[..., Json]] = {
    "/v1/payment_methods/<method>": queries.payment_method,
    "/v1/payment_intents": queries.payment_intents,
    "/v1/payment_intents/search": queries.search_payment_intents,
    "/v1/payment_intents/<intent>": queries.payment_intent,
    "/v1/refunds": queries.refunds_made,
    "/v1/refunds/<refund>": queries.refund,
    "/ledger": queries.ledger,
}

INDEX_TEXT = """\
The payment sandbox of OrderX: it replaces Stripe on this machine, without real payments.
/v1/... is Stripe's API, for clients that send the secret key. /ledger lists all payments.
"""


def create_app(
    ledger_path: Path,
    api_key: str,
    *,
    slow_seconds: float = 2.0,
    silent_seconds: float = 30.0,
    trusted_hosts: tuple[str, ...] = (),
) -> Flask:
    """The app over the ledger at `ledger_path`. /v1 requires `api_key`; /ledger requires no login.

    `slow_seconds` and `silent_seconds` are the response delays of the slow and the silent card.
    The app accepts the host names of loopback, and `trusted_hosts`.
    """
    app = Flask("ops.sandbox")
    host_names.restrict(app, trusted_hosts)
    counter = Views(Ledger(ledger_path), api_key, slow_seconds=slow_seconds, silent_seconds=silent_seconds)
    for path, act in ACTIONS.items():
        app.add_url_rule(path, f"POST {path}", counter.action_view(act), methods=["POST"])
    for path, query in QUERIES.items():
        app.add_url_rule(path, f"GET {path}", counter.query_view(query), methods=["GET"])
    app.add_url_rule("/", "GET /", _index)
    app.before_request(counter.authenticate)
    app.after_request(_add_request_id)
    app.register_error_handler(Refused, _refusal)
    app.register_error_handler(HTTPException, _http_error)
    return app


def _index() -> Response:
    return Response(INDEX_TEXT, content_type="text/plain; charset=utf-8")


def _add_request_id(response: Response) -> Response:
    response.headers["Request-Id"] = f"req_{token_hex(7)}"
    return response


def _refusal(refused: Refused) -> tuple[Json, int]:
    return refused.body, refused.status


def _http_error(exception: HTTPException) -> tuple[Json, Any]:
    is_server_error = (exception.code or 500) >= 500  # noqa: PLR2004
    kind = "api_error" if is_server_error else "invalid_request_error"
    return error(kind, f"{request.method} {request.path}: {exception.description}"), exception.code
