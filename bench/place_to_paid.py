"""How long an order takes from being placed to being paid, at a steady rate, on a whole stack of its own here.

    python -m bench.place_to_paid --rate 20 --seconds 20

An open loop: orders are sent on the clock, whether or not earlier ones have ended, so that queueing shows.
"""

import argparse
import json
import os
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import text

from kit import db
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
    """Send orders on the clock, and ask the database when each was placed and paid; the first second is a warm-up."""
    merchant = Client(stack.api_url)
    shop_id, product_id = set_up_shop(merchant, on_hand=1_000_000)
    body = {
        "shop_id": shop_id,
        "lines": [{"product_id": product_id, "quantity": 1}],
        "shipping_address": {"name": "Ada", "line1": "1 Harbour Street", "city": "Berlin", "country": "DE"},
        "payment": {"card": {"number": GOOD, "exp_month": 12, "exp_year": 2040, "cvc": "123"}},
    }
    answered = _on_the_clock(stack, merchant.token, json.dumps(body), rate=rate, times=int(rate * (seconds + 1)))
    _until_nothing_is_pending()
    with db.operator_transaction() as session:
        rows = session.execute(_TIMINGS, {"warm_up": int(rate)}).all()
    return {
        "orders": len(rows),
        "paid": sum(row.status == "paid" for row in rows),
        "offered_per_s": rate,
        "place_to_paid_ms": _percentiles([row.milliseconds for row in rows if row.status == "paid"]),
        "post_to_202_ms": _percentiles(answered[int(rate) :]),
    }


_TIMINGS = text("""
    SELECT status, extract(epoch FROM changed_at - placed_at)::float8 * 1000 AS milliseconds
    FROM orders ORDER BY id OFFSET :warm_up""")
_PENDING = text("SELECT count(*) FROM orders WHERE status = 'pending'")


def _on_the_clock(stack: Stack, token: str, body: str, *, rate: float, times: int) -> list[float]:
    """Post so many orders, one each 1/rate seconds; how long each answer took, in milliseconds."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    thread, begun = threading.local(), time.perf_counter()

    def order(_: int) -> float:
        connection = thread.__dict__.setdefault("connection", HTTPConnection(urlsplit(stack.api_url).netloc))
        sent = time.perf_counter()
        connection.request("POST", "/api/orders", body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == HTTPStatus.ACCEPTED, answer.status
        return (time.perf_counter() - sent) * 1000

    with ThreadPoolExecutor(32) as pool:
        orders = []
        for number in range(times):
            time.sleep(max(0.0, begun + number / rate - time.perf_counter()))
            orders.append(pool.submit(order, number))
        return [each.result() for each in orders]


def _until_nothing_is_pending(*, patience: float = 120.0) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with db.operator_transaction() as session:
            if not session.scalar(_PENDING):
                return
        time.sleep(0.2)


def _percentiles(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=100)
    return {name: round(cuts[percent - 1], 1) for name, percent in (("p50", 50), ("p95", 95), ("p99", 99))}


if __name__ == "__main__":
    main()
