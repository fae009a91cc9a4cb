"""A load generator: a process that places orders according to plans, and reports when it sent each order.

    python -m bench.load_generator bench.order_driver:HttpDriver

Reads one plan per line (JSON) from stdin, and writes one result per line to stdout, until stdin is closed.
`{"closed_loop": 5, "in_flight": 64, "threads": 8}`: for five seconds, keep 64 orders in flight.
`{"open_loop": 5, "rate": 40, "threads": 8}`: for five seconds, 40 orders a second, paid or not.
`{"burst": 10000, "in_flight": 512, "threads": 16}`: 10,000 orders, with up to 512 in flight.
A plan ends once all its orders are paid, or no order has been paid for PROGRESS_TIMEOUT seconds.
"""

import importlib
import json
import math
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

from bench.order_driver import OrderDriver

POLL_INTERVAL, POLL_INTERVAL_PER_ORDER = 0.02, 0.0002
"""Seconds between two polls for paid orders. The interval grows with the orders in flight, to limit the polls' cost."""
PROGRESS_TIMEOUT = 30.0
"""Seconds without a newly paid order, after which the orders in flight count as lost."""


class LoadGenerator:
    """Places orders with a driver, and polls until they are paid."""

    def __init__(self, driver: OrderDriver) -> None:
        self._driver = driver
        self._numbers = count(os.getpid() * 7919)  # each generator starts at another product
        self._sent: dict[str, tuple[float, float]] = {}
        self._open: set[str] = set()
        self._lock = threading.Lock()

    def run(self, plan: dict[str, Any]) -> dict[str, Any]:
        """Run a plan. Returns when each order was sent and answered (epoch seconds), and how many were never paid."""
        self._sent.clear()
        begun = time.time()
        with ThreadPoolExecutor(plan["threads"]) as pool:
            run = self._open_loop if "open_loop" in plan else self._closed_loop
            run(pool, plan)
            self._wait_until_paid()
        lost = len(self._open)
        self._open.clear()
        return {"begun": begun, "sent": self._sent, "lost": lost}

    def _place(self) -> bool:
        """Place one order. Returns False if it was refused."""
        sent = time.time()
        order = self._driver.place(next(self._numbers))
        if not order:
            return False
        with self._lock:
            self._sent[order] = sent, time.time()
            self._open.add(order)
        return True

    def _closed_loop(self, pool: ThreadPoolExecutor, plan: dict[str, Any]) -> None:
        slots, end = threading.Semaphore(plan["in_flight"]), time.monotonic() + plan.get("closed_loop", math.inf)
        numbers = iter(range(plan["burst"])) if "burst" in plan else count()

        def keep_placing() -> None:
            while time.monotonic() < end:
                if slots.acquire(timeout=0.1):
                    with self._lock:
                        if next(numbers, None) is None:
                            return
                    if not self._place():
                        slots.release()

        threads = [pool.submit(keep_placing) for _ in range(plan["threads"])]
        pause = max(POLL_INTERVAL, POLL_INTERVAL_PER_ORDER * plan["in_flight"])
        while not all(thread.done() for thread in threads):
            time.sleep(pause)
            for _ in range(self._poll()):
                slots.release()
        for thread in threads:
            thread.result()

    def _open_loop(self, pool: ThreadPoolExecutor, plan: dict[str, Any]) -> None:
        begun, rate = time.monotonic(), plan["rate"]
        placing = []
        for number in range(max(1, int(rate * plan["open_loop"]))):
            time.sleep(max(0.0, begun + number / rate - time.monotonic()))
            placing.append(pool.submit(self._place))
        for each in placing:
            each.result()

    def _wait_until_paid(self) -> None:
        deadline = time.monotonic() + PROGRESS_TIMEOUT
        while self._open and time.monotonic() < deadline:
            if self._poll():
                deadline = time.monotonic() + PROGRESS_TIMEOUT
            time.sleep(POLL_INTERVAL)

    def _poll(self) -> int:
        with self._lock:
            waiting = list(self._open)
        paid = self._driver.paid(waiting) if waiting else []
        with self._lock:
            self._open.difference_update(paid)
        return len(paid)


def main() -> None:
    """Create the driver named on the command line, and run the plans from stdin."""
    module, _, name = sys.argv[1].partition(":")
    generator = LoadGenerator(getattr(importlib.import_module(module), name)())
    out = sys.stdout
    sys.stdout = sys.stderr  # keeps the output of libraries out of the results
    print("{}", file=out, flush=True)
    for line in sys.stdin:
        print(json.dumps(generator.run(json.loads(line))), file=out, flush=True)
    os._exit(0)  # does not wait for threads of libraries


if __name__ == "__main__":
    main()
