"""Replies and idempotency keys, with Stripe's semantics.

Successes and declines are recorded under their key. Refusals (errors.Refused) are not, so that the request can be
corrected and sent again (https://docs.stripe.com/api/idempotent_requests).
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ops.sandbox.cards import APPROVED
from ops.sandbox.errors import Json, Refused
from ops.sandbox.ledger import Transaction, insert, now


@dataclass(frozen=True, slots=True)
class Reply:
    """A response to record and send. `behaviour` is the charged card's."""

    status: int
    body: Json
    behaviour: str = APPROVED
    replayed: bool = False


class KeysInFlight:
    """The idempotency keys of the requests in progress."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, key: str | None) -> Iterator[None]:
        """Reserve the key for the block; raises Refused (409) if another request holds it."""
        with self._lock:
            if key in self._keys:
                message = "There is currently another in-progress request using this idempotency key."
                raise Refused(409, "idempotency_error", message, code="idempotency_key_in_use")
            if key:
                self._keys.add(key)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(key or "")


def fingerprint(path: str, body: bytes, *, secret: str) -> bytes:
    """A keyed digest that identifies the request; the key prevents guessing a card number from it."""
    return hashlib.blake2b(path.encode() + b"\n" + body, key=secret.encode()[:64], digest_size=16).digest()


def recorded_reply(db: Transaction, key: str | None, request: bytes) -> Reply | None:
    """The recorded reply for this key; raises Refused if it was for a different request."""
    if key is None:
        return None
    row = db.execute("SELECT * FROM idempotency_keys WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != request:
        message = "Keys for idempotent requests can only be used with the same parameters they were first used with."
        raise Refused(400, "idempotency_error", message)
    return Reply(row["status"], json.loads(row["body"]), replayed=True)


def record(db: Transaction, key: str | None, request: bytes, reply: Reply) -> None:
    """Record the reply under its key, in the same transaction as its changes."""
    if key is not None:
        body = json.dumps(reply.body)
        insert(db, "idempotency_keys", key=key, created=now(), fingerprint=request, status=reply.status, body=body)
