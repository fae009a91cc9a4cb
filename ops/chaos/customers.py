"""Simulated customers: each sends its order again, with the same idempotency key, until it has a final response."""

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

from ops.chaos.scenarios import Scenario
from ops.chaos.shop import Shop
from ops.demo import Client, DemoFailed
from ops.stack import Stack

MAX_CONCURRENT = 64
"""Concurrent customers; more wait in the thread pool's queue."""

_TIMEOUT, _IMPATIENT_TIMEOUT = 15.0, 0.02
_MAX_DELAY = 2.0
_EMAIL = "ada@example.com"
_LOGIN_SECONDS = 600.0
_TRANSIENT = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT}


@dataclass(slots=True)
class Purchase:
    """The result of a scenario: the order ids in the responses, or the refusal's code.

    All requests of a purchase are retries with the same idempotency key, so a second order id is an error.
    """

    scenario: Scenario
    order_ids: set[str] = field(default_factory=set)
    refusal: str | None = None
    tries: int = 0

    @property
    def is_answered(self) -> bool:
        """Whether the customer has a final response."""
        return bool(self.order_ids) or self.refusal is not None


class Customers:
    """Starts one customer after the other on a thread pool; `arrival_times` are seconds after `start`."""

    def __init__(self, stack: Stack, shop: Shop, scenarios: Sequence[Scenario], arrival_times: Sequence[float]) -> None:
        self._api = f"{stack.api_url}/api"
        self._login = Client(stack.api_url, stack.inbox_url)
        self._shop = shop
        self._arrival_times = arrival_times
        self._stopped = threading.Event()
        self._local = threading.local()
        self._threads = ThreadPoolExecutor(MAX_CONCURRENT, thread_name_prefix="customer")
        self._arriving = threading.Thread(target=self._start_each, daemon=True)
        self.purchases = [Purchase(scenario) for scenario in scenarios]
        self._finished: list[Purchase] = []

    def start(self) -> None:
        """Register a user, and start the first customer."""
        self._login.register(_EMAIL, "Ada Example")
        self._arriving.start()

    def stop(self) -> None:
        """Stop all customers, also those without a response."""
        self._stopped.set()
        if self._arriving.is_alive():
            self._arriving.join()
        self._threads.shutdown(cancel_futures=True)

    @property
    def all_arrived(self) -> bool:
        """Whether all customers have been started."""
        return not self._arriving.is_alive()

    @property
    def all_finished(self) -> bool:
        """Whether all customers have finished."""
        return len(self._finished) == len(self.purchases)

    def _start_each(self) -> None:
        started = logged_in = time.monotonic()
        for purchase, arrival in zip(self.purchases, self._arrival_times, strict=True):
            if self._stopped.wait(max(0.0, started + arrival - time.monotonic())):
                return
            self._threads.submit(self._run, purchase)
            if time.monotonic() > logged_in + _LOGIN_SECONDS:
                with suppress(requests.RequestException, DemoFailed):  # the API may be down: retried with the next one
                    self._login.log_in(_EMAIL)
                    logged_in = time.monotonic()

    def _run(self, purchase: Purchase) -> None:
        scenario = purchase.scenario
        try:
            self._order(purchase, timeout=_IMPATIENT_TIMEOUT if scenario.impatient else _TIMEOUT)
            if scenario.impatient and purchase.order_ids:
                self._order(purchase, timeout=_TIMEOUT)
            if scenario.cancel_after is not None:
                for order_id in purchase.order_ids:
                    self._stopped.wait(scenario.cancel_after)
                    self._post_until_final(purchase, f"/orders/{order_id}/cancel", {"reason": "chosen by chance"}, {})
        finally:
            self._finished.append(purchase)

    def _order(self, purchase: Purchase, *, timeout: float) -> None:
        scenario = purchase.scenario
        headers = {"Idempotency-Key": f"scenario-{scenario.number}"}
        if scenario.wait:
            headers["Prefer"] = f"wait={scenario.wait}"
        body = self._shop.order_body(scenario)
        response = self._post_until_final(purchase, "/orders", body, headers, timeout=timeout)
        if response is None:
            return
        if response.status_code in {HTTPStatus.ACCEPTED, HTTPStatus.CREATED}:
            purchase.order_ids.add(response.json()["id"])
        else:
            purchase.refusal = response.json()["code"]

    def _post_until_final(
        self, purchase: Purchase, path: str, body: dict[str, Any], headers: dict[str, str], *, timeout: float = _TIMEOUT
    ) -> requests.Response | None:
        """Retry until there is a final response; None if the run stops first."""
        delay = 0.1
        while not self._stopped.is_set():
            purchase.tries += 1
            response = self._post(path, body, headers, timeout)
            if response is not None and not _is_transient(response):
                return response
            timeout = _TIMEOUT
            self._stopped.wait(random.uniform(delay / 2, delay))  # noqa: S311 - jitter is no secret
            delay = min(_MAX_DELAY, delay * 2)
        return None

    def _post(
        self, path: str, body: dict[str, Any], headers: dict[str, str], timeout: float
    ) -> requests.Response | None:
        session: requests.Session = self._local.__dict__.setdefault("session", requests.Session())
        authorised = {"Authorization": f"Bearer {self._login.token}", **headers}
        try:
            return session.post(self._api + path, json=body, headers=authorised, timeout=timeout)
        except requests.RequestException:
            return None


def _is_transient(response: requests.Response) -> bool:
    """Whether a retry may get another response."""
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status_code in _TRANSIENT:
        return True
    return response.status_code == HTTPStatus.CONFLICT and response.json()["code"] == "idempotency_key_in_use"
