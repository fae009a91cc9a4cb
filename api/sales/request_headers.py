"""The headers of order requests: Idempotency-Key, and Prefer: wait."""

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

from api.sales import serializers
from domain.sales import queries as sales
from kit import card_numbers, db
from kit.config import settings
from kit.errors import Invalid
from kit.messaging import pg_notify
from kit.tenancy import Tenant

MAX_WAIT_SECONDS = 30
"""Seconds."""
_WAIT_PATTERN = re.compile(r"wait[ \t]*(=|;|\Z)", re.IGNORECASE)
_WAIT_SECONDS_PATTERN = re.compile(r'wait[ \t]*=[ \t]*(?:([0-9]{1,9})|"([0-9]{1,9})")[ \t]*(?:;.*)?', re.IGNORECASE)


def idempotency_key() -> str | None:
    """The Idempotency-Key of the request, if any; raises Invalid if it is malformed or looks like a card number."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and (not re.fullmatch(r"[\x21-\x7e]{1,255}", key) or card_numbers.appears_in(key)):
        raise Invalid(fields={"Idempotency-Key": ["Send 1 to 255 visible ASCII characters, and no card number."]})
    return key


def fingerprint() -> bytes:
    """A keyed hash of the JSON body; keyed, because the body may contain a card number."""
    canonical = json.dumps(request.json_body, sort_keys=True, separators=(",", ":"))
    return hmac.digest(settings().require("secret_key").encode(), canonical.encode(), hashlib.sha256)


def requested_wait() -> int | None:
    """Seconds to wait for the outcome of the order (RFC 7240), at most 30; None without the preference."""
    preferences = parse_http_list(",".join(request.headers.getlist("Prefer")))  # respects quoted commas
    wait = next((each for each in preferences if _WAIT_PATTERN.match(each)), "")  # the first one counts (section 2)
    seconds = _WAIT_SECONDS_PATTERN.fullmatch(wait)
    return min(int(seconds[1] or seconds[2]), MAX_WAIT_SECONDS) if seconds else None


@contextmanager
def wait_slot() -> Iterator[bool]:
    """Take a slot to wait for an order, and yield whether one was free.

    The slots are fewer than the threads of the process, so that waiting requests cannot block all others.
    """
    slots: threading.Semaphore = current_app.extensions["wait_slots"]
    acquired = slots.acquire(blocking=False)
    try:
        yield acquired
    finally:
        if acquired:
            slots.release()


def await_outcome(order: dict[str, Any], *, tenant: Tenant, seconds: int, to_seller: bool) -> dict[str, Any] | None:
    """Wait until the order is no longer pending and return it; None if it is still pending after `seconds`."""
    deadline = time.monotonic() + seconds
    with pg_notify.listener().waiting_for(order["id"]) as changed:
        while True:
            with db.transaction(tenant):
                outcome = sales.outcome(order_id=order["id"])
                if outcome.status != "pending":
                    return serializers.with_outcome(order, outcome, to_seller=to_seller)
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return None
            changed.wait(min(remaining, pg_notify.POLL_INTERVAL))
