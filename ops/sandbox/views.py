"""View functions: authentication, idempotency keys, and the deliberate delays of some cards."""

import time
from collections.abc import Callable
from hmac import compare_digest
from multiprocessing.connection import wait
from typing import Any
from urllib.parse import parse_qsl

from flask import Response, json, request

from ops.sandbox.cards import SILENT, SLOW
from ops.sandbox.errors import Json, Refused
from ops.sandbox.idempotency import KeysInFlight, Reply, fingerprint, record, recorded_reply
from ops.sandbox.ledger import Ledger
from ops.sandbox.params import nested


class Views:
    """Makes view functions over one ledger and API key."""

    def __init__(self, ledger: Ledger, api_key: str, *, slow_seconds: float, silent_seconds: float) -> None:
        self._ledger = ledger
        self._api_key = api_key
        self._keys = KeysInFlight()
        self._slow_seconds = slow_seconds
        self._silent_seconds = silent_seconds

    def authenticate(self) -> None:
        """Refuse requests to /v1 without the API key."""
        sent = request.headers.get("Authorization", "").encode()
        if request.path.startswith("/v1/") and not compare_digest(sent, f"Bearer {self._api_key}".encode()):
            raise Refused(401, "invalid_request_error", "Invalid API Key provided.")

    def query_view(self, query: Callable[..., Json]) -> Callable[..., Response]:
        """A view for a read-only query."""

        def view(**ids: str) -> Response:
            params = nested(request.args.items(multi=True))
            with self._ledger.transaction() as db:
                return _json(query(db, params, **ids), 200)

        return view

    def action_view(self, act: Callable[..., Reply]) -> Callable[..., Response]:
        """A view for an action, which runs once per idempotency key; later requests get the recorded reply."""

        def view(**ids: str) -> Response:
            key = request.headers.get("Idempotency-Key")
            with self._keys.hold(key):
                reply = self._once(key, act, ids)
                if reply.behaviour == SLOW:
                    time.sleep(self._slow_seconds)
            if reply.behaviour == SILENT:
                self._wait_until_client_disconnects()
            response = _json(reply.body, reply.status)
            if reply.replayed:
                response.headers["Idempotent-Replayed"] = "true"
            return response

        return view

    def _once(self, key: str | None, act: Callable[..., Reply], ids: dict[str, str]) -> Reply:
        body = request.get_data()
        digest = fingerprint(request.path, body, secret=self._api_key)
        params = nested(parse_qsl(body.decode(), keep_blank_values=True))
        with self._ledger.transaction() as db:
            reply = recorded_reply(db, key, digest)
            if reply is None:
                reply = act(db, params, **ids)
                record(db, key, digest, reply)
        return reply

    def _wait_until_client_disconnects(self) -> None:
        # The socket becomes readable when the client disconnects; then the thread is free for the next request.
        wait([request.environ["gunicorn.socket"]], timeout=self._silent_seconds)


def _json(body: Any, status: int) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")
