"""Customers who want something and do not give up: each asks again, with the same key, until there is an answer."""

import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import requests

from ops.chaos.shop import Shop
from ops.chaos.wishes import Wish
from ops.demo import Client, DemoFailed
from ops.stack import Stack

AT_ONCE = 64
"""Customers served at a time; more wait at the door."""

_PATIENCE, _HASTE = 15.0, 0.02
_LONGEST_PAUSE = 2.0
_EMAIL = "ada@example.com"
_LOGIN_LASTS = 600.0
_AGAIN = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT}


@dataclass(slots=True)
class Visit:
    """What came of a wish: the orders its answers named (one, if any), or why it was refused."""

    wish: Wish
    orders: set[str] = field(default_factory=set)
    refused: str | None = None
    tries: int = 0

    @property
    def answered(self) -> bool:
        """Whether the customer knows what became of the order."""
        return bool(self.orders) or self.refused is not None


class Customers:
    """Lets one customer in after the other, each at its time, on threads of their own.

    `arrivals` are in seconds after the door was opened.
    """

    def __init__(self, stack: Stack, shop: Shop, wishes: Sequence[Wish], arrivals: Sequence[float]) -> None:
        self._api = f"{stack.api_url}/api"
        self._login = Client(stack.api_url, stack.inbox_url)
        self._shop = shop
        self._arrivals = arrivals
        self._left = threading.Event()
        self._here = threading.local()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="customer")
        self._door = threading.Thread(target=self._let_in, daemon=True)
        self.visits = [Visit(wish) for wish in wishes]
        self._gone: list[Visit] = []

    def open(self) -> None:
        """Register, and let the first one in."""
        self._login.register(_EMAIL, "Ada Example")
        self._door.start()

    def close(self) -> None:
        """Send everybody away who has no answer yet."""
        self._left.set()
        if self._door.is_alive():
            self._door.join()
        self._threads.shutdown(cancel_futures=True)

    @property
    def all_in(self) -> bool:
        """Whether everybody has come."""
        return not self._door.is_alive()

    @property
    def all_gone(self) -> bool:
        """Whether everybody has got an answer and has left."""
        return len(self._gone) == len(self.visits)

    def _let_in(self) -> None:
        begun = logged_in = time.monotonic()
        for visit, due in zip(self.visits, self._arrivals, strict=True):
            if self._left.wait(max(0.0, begun + due - time.monotonic())):
                return
            self._threads.submit(self._serve, visit)
            if time.monotonic() > logged_in + _LOGIN_LASTS:
                with suppress(requests.RequestException, DemoFailed):  # the API may be down: with the next one, then
                    self._login.log_in(_EMAIL)
                    logged_in = time.monotonic()

    def _serve(self, visit: Visit) -> None:
        try:
            self._order(visit, patience=_HASTE if visit.wish.hasty else _PATIENCE)
            if visit.wish.hasty and visit.orders:
                self._order(visit, patience=_PATIENCE)
            if visit.wish.cancel_after is not None:
                for order in visit.orders:
                    self._left.wait(visit.wish.cancel_after)
                    self._insist(visit, f"/orders/{order}/cancel", {"reason": "chosen by chance"}, {})
        finally:
            self._gone.append(visit)

    def _order(self, visit: Visit, *, patience: float) -> None:
        headers = {"Idempotency-Key": f"wish-{visit.wish.number}"}
        if visit.wish.wait:
            headers["Prefer"] = f"wait={visit.wish.wait}"
        answer = self._insist(visit, "/orders", self._shop.body(visit.wish), headers, patience=patience)
        if answer is None:
            return
        if answer.status_code in {HTTPStatus.ACCEPTED, HTTPStatus.CREATED}:
            visit.orders.add(answer.json()["id"])
        else:
            visit.refused = answer.json()["code"]

    def _insist(
        self, visit: Visit, path: str, body: dict[str, Any], headers: dict[str, str], *, patience: float = _PATIENCE
    ) -> requests.Response | None:
        """Ask until there is an answer that asking again would not change; None when the shop closes first."""
        pause = 0.1
        while not self._left.is_set():
            visit.tries += 1
            answer = self._ask(path, body, headers, patience)
            if answer is not None and not _passing(answer):
                return answer
            patience = _PATIENCE
            self._left.wait(random.uniform(pause / 2, pause))  # noqa: S311 - jitter is no secret
            pause = min(_LONGEST_PAUSE, pause * 2)
        return None

    def _ask(
        self, path: str, body: dict[str, Any], headers: dict[str, str], patience: float
    ) -> requests.Response | None:
        session: requests.Session = self._here.__dict__.setdefault("session", requests.Session())
        said_by = {"Authorization": f"Bearer {self._login.token}", **headers}
        try:
            return session.post(self._api + path, json=body, headers=said_by, timeout=patience)
        except requests.RequestException:
            return None


def _passing(answer: requests.Response) -> bool:
    """Whether the answer may be another one soon."""
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status_code in _AGAIN:
        return True
    return answer.status_code == HTTPStatus.CONFLICT and answer.json()["code"] == "idempotency_key_in_flight"
