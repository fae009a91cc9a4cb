"""An answer, and the requests it answers again: idempotency as Stripe does it.

A reply is recorded under its key, a decline like a success; a refusal (errors.Refused) is not, so that the request
can be mended and sent again (https://docs.stripe.com/api/idempotent_requests).
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
    """An answer to be recorded and sent. `behaviour` is that of the card that was charged, if one was."""

    status: int
    body: Json
    behaviour: str = APPROVED
    replayed: bool = False


class KeysInFlight:
    """The idempotency keys whose requests are being worked on just now."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def holding(self, key: str | None) -> Iterator[None]:
        """Work alone under this key; refused with 409 while somebody else does."""
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
    """What tells one request from another; keyed, so that nobody can guess a card number from it."""
    return hashlib.blake2b(path.encode() + b"\n" + body, key=secret.encode()[:64], digest_size=16).digest()


def recorded(db: Transaction, key: str | None, request: bytes) -> Reply | None:
    """The reply given before under this key; refused when it was given to another request."""
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
    """Keep the reply under its key, in the transaction of what it reports."""
    if key is not None:
        body = json.dumps(reply.body)
        insert(db, "idempotency_keys", key=key, created=now(), fingerprint=request, status=reply.status, body=body)
