"""What the headers of an order's request ask for: to be repeatable (Idempotency-Key), to wait (Prefer: wait)."""

import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import parse_http_list

from flask import current_app, request

from api.sales import views
from domain.payments import card_numbers
from domain.sales import queries as sales
from kit import db
from kit.config import settings
from kit.errors import Invalid
from kit.messaging import pg_notify
from kit.tenancy import Tenant

LONGEST_WAIT = 30
"""Seconds."""
_WAIT = re.compile(r"wait[ \t]*(=|;|\Z)", re.IGNORECASE)
_SECONDS = re.compile(r'wait[ \t]*=[ \t]*(?:([0-9]{1,9})|"([0-9]{1,9})")[ \t]*(?:;.*)?', re.IGNORECASE)


def idempotency_key() -> str | None:
    """The request's Idempotency-Key, if any; raises Invalid when it is none we can keep."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and (not re.fullmatch(r"[\x21-\x7e]{1,255}", key) or card_numbers.appears_in(key)):
        raise Invalid(fields={"Idempotency-Key": ["Send 1 to 255 visible ASCII characters, and no card's number."]})
    return key


def fingerprint() -> bytes:
    """A keyed hash of what the body says. Keyed, because the body may hold a card number."""
    said = json.dumps(request.json_body, sort_keys=True, separators=(",", ":"))
    return hmac.digest(settings().require("secret_key").encode(), said.encode(), hashlib.sha256)


def wanted_wait() -> int | None:
    """Seconds that the request wants to wait for the order's end (RFC 7240), 30 at most; None when it does not."""
    preferences = parse_http_list(",".join(request.headers.getlist("Prefer")))  # which keeps quoted commas
    said = next((each for each in preferences if _WAIT.match(each)), "")  # of several the first counts (section 2)
    seconds = _SECONDS.fullmatch(said)
    return min(int(seconds[1] or seconds[2]), LONGEST_WAIT) if seconds else None


@contextmanager
def place_to_wait() -> Iterator[bool]:
    """Whether there is one in this process, of which some must be left for whoever does not wait; taken meanwhile."""
    places: threading.Semaphore = current_app.extensions["places_to_wait"]
    taken = places.acquire(blocking=False)
    try:
        yield taken
    finally:
        if taken:
            places.release()


def await_end(shown: dict[str, Any], *, tenant: Tenant, seconds: int, to_seller: bool) -> dict[str, Any] | None:
    """The order that was shown as pending, once it is no longer; None when it still is after so many seconds."""
    deadline = time.monotonic() + seconds
    with pg_notify.listener().waiting_for(shown["id"]) as settled:
        while True:
            with db.transaction(tenant):
                outcome = sales.outcome(order_id=shown["id"])
                if outcome.status != "pending":
                    return views.as_ended(shown, outcome, to_seller=to_seller)
            left = deadline - time.monotonic()
            if left <= 0:
                return None
            settled.wait(min(left, pg_notify.POLL_INTERVAL))
