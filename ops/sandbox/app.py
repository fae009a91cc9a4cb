"""The sandbox's HTTP face: Stripe's addresses under /v1, and /ledger for auditors."""

from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from ops import host_names
from ops.sandbox import intents, methods, queries, refunds
from ops.sandbox.counter import Counter
from ops.sandbox.errors import Json, Refused, error
from ops.sandbox.ledger import Ledger
from ops.sandbox.replies import Reply

ACTS: dict[str, Callable[..., Reply]] = {
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

SAID = """\
The payment sandbox of OrderX: it stands in for Stripe on this machine, and moves no money.
/v1/... speaks Stripe's protocol, to clients that send the secret key. /ledger shows every payment there was.
"""


def create_app(
    ledger_path: Path,
    api_key: str,
    *,
    slow_seconds: float = 2.0,
    silent_seconds: float = 30.0,
    trusted_hosts: tuple[str, ...] = (),
) -> Flask:
    """The sandbox over the books at `ledger_path`, for clients that present `api_key`; /ledger is open to all.

    `slow_seconds` is how long the slow card takes to be answered; `silent_seconds`, how long the silent one does not.
    It answers to the names of loopback, and to `trusted_hosts`.
    """
    app = Flask("ops.sandbox")
    host_names.guard(app, trusted_hosts)
    counter = Counter(Ledger(ledger_path), api_key, slow_seconds=slow_seconds, silent_seconds=silent_seconds)
    for path, act in ACTS.items():
        app.add_url_rule(path, f"POST {path}", counter.acting(act), methods=["POST"])
    for path, query in QUERIES.items():
        app.add_url_rule(path, f"GET {path}", counter.asking(query), methods=["GET"])
    app.add_url_rule("/", "GET /", _say_what_this_is)
    app.before_request(counter.admit)
    app.after_request(_number)
    app.register_error_handler(Refused, _refuse)
    app.register_error_handler(HTTPException, _fail)
    return app


def _say_what_this_is() -> Response:
    return Response(SAID, content_type="text/plain; charset=utf-8")


def _number(response: Response) -> Response:
    response.headers["Request-Id"] = f"req_{token_hex(7)}"
    return response


def _refuse(refused: Refused) -> tuple[Json, int]:
    return refused.body, refused.status


def _fail(failure: HTTPException) -> tuple[Json, Any]:
    ours = (failure.code or 500) >= 500  # noqa: PLR2004
    kind = "api_error" if ours else "invalid_request_error"
    return error(kind, f"{request.method} {request.path}: {failure.description}"), failure.code
