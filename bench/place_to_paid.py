"""How long an order takes from POST to paid, at a steady rate, on a whole stack of its own on this machine.

    python -m bench.place_to_paid --rate 20 --seconds 20

An open loop: orders are sent on the clock, whether or not earlier ones have ended, so that queueing shows.
"""

import argparse
import json
import os
import statistics
import threading
import time
from typing import Any

import requests

from ops.demo import GOOD, Client, set_up_shop
from ops.services import directories
from ops.stack import Stack


def main() -> None:
    """Run the benchmark and print its figures as JSON, in milliseconds."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rate", type=float, default=20, help="orders per second")
    options.add_argument("--seconds", type=float, default=20, help="how long to send")
    given = options.parse_args()
    with directories.temporary("orderx-bench-") as home:
        stack = Stack(home)
        try:
            stack.start()
            os.environ.update(stack.env)
            print(json.dumps({"broker": stack.broker_name, **measure(stack, given.rate, given.seconds)}, indent=2))
        finally:
            stack.stop()


def measure(stack: Stack, rate: float, seconds: float) -> dict[str, Any]:
    """Send orders on the clock and time each until it is paid; the first second warms up and does not count."""
    client = Client(stack.api_url)
    shop_id, product_id = set_up_shop(client, on_hand=1_000_000)
    token = client.token
    body = {
        "shop_id": shop_id,
        "lines": [{"product_id": product_id, "quantity": 1}],
        "shipping_address": {"name": "Ada", "line1": "1 Harbour Street", "city": "Berlin", "country": "DE"},
        "payment": {"card": {"number": GOOD, "exp_month": 12, "exp_year": 2040, "cvc": "123"}},
    }
    timings: list[tuple[float, str]] = []
    pool = threading.local()

    def order() -> None:
        session = pool.__dict__.setdefault("session", requests.Session())
        headers = {"Authorization": f"Bearer {token}", "Prefer": "wait=30"}
        begun = time.perf_counter()
        answer = session.post(f"{stack.api_url}/api/orders", json=body, headers=headers, timeout=60)
        timings.append((time.perf_counter() - begun, answer.json()["status"]))

    _on_the_clock(order, rate=rate, times=int(rate * (seconds + 1)))
    counted = sorted(milliseconds * 1000 for milliseconds, _ in timings[int(rate) :])
    cuts = statistics.quantiles(counted, n=100)
    return {
        "orders": len(counted),
        "paid": sum(status == "paid" for _, status in timings[int(rate) :]),
        "offered_per_s": rate,
        "p50_ms": round(cuts[49], 1),
        "p95_ms": round(cuts[94], 1),
        "p99_ms": round(cuts[98], 1),
    }


def _on_the_clock(order: Any, *, rate: float, times: int) -> None:
    begun, threads = time.perf_counter(), []
    for number in range(times):
        time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        threads.append(threading.Thread(target=order))
        threads[-1].start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
