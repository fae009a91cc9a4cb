"""Attack the API with 200 slow connections of each kind, while other clients call /healthz and place orders.

    python -m bench.slow_clients --seconds 60

Starts a temporary stack, and prints the response times of the other clients for each kind of attack. Connections that
the API closes are opened again.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import Callable
from threading import Event, Thread
from typing import Any, Self

import requests

from bench.slow_clients.attacks import ATTACKS, attacking
from ops.commands.up import temporary_stack
from ops.demo import Client, set_up_shop
from ops.stack import Stack

HEADINGS = ("slow clients", "opened", "/healthz asked", "failed", "median ms", "most ms",
            "orders placed", "failed", "median ms", "most ms")  # fmt: skip


class Prober:
    """Sends requests in a thread, each on a new connection, and records the response times."""

    def __init__(self, ask: Callable[[], requests.Response], *, pause: float) -> None:
        self._ask = ask
        self._pause = pause
        self._stop = Event()
        self._thread = Thread(target=self._run)
        self.seconds: list[float] = []
        self.failed = 0

    def _run(self) -> None:
        while not self._stop.wait(self._pause):
            begun = time.perf_counter()
            try:
                self.failed += not self._ask().ok
            except requests.RequestException:
                self.failed += 1
            self.seconds.append(time.perf_counter() - begun)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def row(self) -> list[str]:
        """The number of requests, the number of failures, and median and maximum of the response times (ms)."""
        milliseconds = [1000 * each for each in self.seconds]
        median, most = statistics.median(milliseconds), max(milliseconds)
        return [str(len(milliseconds)), str(self.failed), f"{median:.0f}", f"{most:.0f}"]


async def _measure(stack: Stack, place: Callable[[], Any], *, kind: str, connections: int, seconds: float) -> list[str]:
    host, _, port = stack.api_url.removeprefix("http://").partition(":")
    health = Prober(lambda: requests.get(f"{stack.api_url}/healthz", timeout=60), pause=0.1)
    orders = Prober(place, pause=0.25)
    async with attacking((host, int(port)), kinds=[kind] if kind else [], connections=connections) as attack:
        with health, orders:
            await asyncio.sleep(seconds)
    return [kind or "none", str(attack.opened), *health.row(), *orders.row()]


def _order_request(stack: Stack) -> Callable[[], requests.Response]:
    """Create a shop. Returns a function that places an order there."""
    merchant, customer = (Client(stack.api_url, stack.inbox_url) for _ in range(2))
    shop, product = set_up_shop(merchant, on_hand=1_000_000)
    customer.register("ada@example.com", "Ada Example")
    body = {
        "shop_id": shop,
        "lines": [{"product_id": product, "quantity": 1}],
        "shipping_address": {"name": "Ada", "line1": "1 Harbour Street", "city": "Berlin", "country": "DE"},
        "payment": {"payment_method": "pm_card_visa"},
    }
    headers = {"Authorization": f"Bearer {customer.token}"}
    return lambda: requests.post(f"{stack.api_url}/api/orders", json=body, headers=headers, timeout=60)


def main() -> None:
    """Run each kind of attack, and print a table."""
    options = argparse.ArgumentParser(prog="python -m bench.slow_clients")
    options.add_argument("--seconds", type=float, default=60.0, help="for each kind")
    options.add_argument("--connections", type=int, default=200, help="of each kind")
    options.add_argument("--only", default="", help="a part of the kind's name")
    chosen = options.parse_args()
    with temporary_stack() as stack:
        os.environ.update(stack.env)
        place = _order_request(stack)
        print("|", " | ".join(HEADINGS), "|")
        print("|" + "---|" * len(HEADINGS))
        for kind in ("", *(name for name in ATTACKS if chosen.only in name)):
            row = asyncio.run(_measure(stack, place, kind=kind, connections=chosen.connections, seconds=chosen.seconds))
            print("|", " | ".join(row), "|", flush=True)
        print(f"Load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors.")


if __name__ == "__main__":
    main()
