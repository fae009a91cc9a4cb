"""A loader: a process that places orders as one plan after the other asks, and says when it sent each.

    python -m bench.load bench.placer:Posting

Reads a plan per line (JSON) from its input and writes what came of it per line to its output, until the input ends.
`{"closed": 5, "in_flight": 64, "threads": 8}`: for five seconds, the next order as soon as one of 64 is paid.
`{"open": 5, "rate": 40, "threads": 8}`: for five seconds, on the clock, whether or not earlier ones are paid.
`{"rush": 10000, "in_flight": 512, "threads": 16}`: so many orders, however long it takes.
Each answers once all are paid, or have not been for PATIENCE seconds.
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

from bench.placer import Placer

LOOK_EVERY, LOOK_EVERY_IN_FLIGHT = 0.02, 0.0002
"""Seconds between two looks at which orders are paid: the more are asked for, the less often, lest asking is felt."""
PATIENCE = 30.0


class Loader:
    """Places orders with a placer, and watches those in flight."""

    def __init__(self, placer: Placer) -> None:
        self._placer = placer
        self._numbers = count(os.getpid() * 7919)  # two loaders shall not go through the products in step
        self._sent: dict[str, tuple[float, float]] = {}
        self._open: set[str] = set()
        self._lock = threading.Lock()

    def run(self, plan: dict[str, Any]) -> dict[str, Any]:
        """Follow the plan; when each order was sent and answered (epoch seconds), and how many were never paid."""
        self._sent.clear()
        begun = time.time()
        with ThreadPoolExecutor(plan["threads"]) as pool:
            follow = self._on_the_clock if "open" in plan else self._closed
            follow(pool, plan)
            self._wait_for_the_last()
        lost = len(self._open)
        self._open.clear()
        return {"begun": begun, "sent": self._sent, "lost": lost}

    def _place(self) -> bool:
        """Place one order; false when it was refused."""
        sent = time.time()
        order = self._placer.place(next(self._numbers))
        if not order:
            return False
        with self._lock:
            self._sent[order] = sent, time.time()
            self._open.add(order)
        return True

    def _closed(self, pool: ThreadPoolExecutor, plan: dict[str, Any]) -> None:
        slots, end = threading.Semaphore(plan["in_flight"]), time.monotonic() + plan.get("closed", math.inf)
        wanted = iter(range(plan["rush"])) if "rush" in plan else count()

        def keep_placing() -> None:
            while time.monotonic() < end:
                if slots.acquire(timeout=0.1):
                    with self._lock:
                        if next(wanted, None) is None:
                            return
                    if not self._place():
                        slots.release()

        threads = [pool.submit(keep_placing) for _ in range(plan["threads"])]
        pause = max(LOOK_EVERY, LOOK_EVERY_IN_FLIGHT * plan["in_flight"])
        while not all(thread.done() for thread in threads):
            time.sleep(pause)
            for _ in range(self._look()):
                slots.release()
        for thread in threads:
            thread.result()

    def _on_the_clock(self, pool: ThreadPoolExecutor, plan: dict[str, Any]) -> None:
        begun, rate = time.monotonic(), plan["rate"]
        placing = []
        for number in range(max(1, int(rate * plan["open"]))):
            time.sleep(max(0.0, begun + number / rate - time.monotonic()))
            placing.append(pool.submit(self._place))
        for each in placing:
            each.result()

    def _wait_for_the_last(self) -> None:
        deadline = time.monotonic() + PATIENCE
        while self._open and time.monotonic() < deadline:
            if self._look():
                deadline = time.monotonic() + PATIENCE
            time.sleep(LOOK_EVERY)

    def _look(self) -> int:
        with self._lock:
            waiting = list(self._open)
        paid = self._placer.paid(waiting) if waiting else []
        with self._lock:
            self._open.difference_update(paid)
        return len(paid)


def main() -> None:
    """Make the placer that is named on the command line, and follow the plans that come in."""
    module, _, name = sys.argv[1].partition(":")
    loader = Loader(getattr(importlib.import_module(module), name)())
    out = sys.stdout
    sys.stdout = sys.stderr  # what a library prints is not an answer
    print("{}", file=out, flush=True)
    for line in sys.stdin:
        print(json.dumps(loader.run(json.loads(line))), file=out, flush=True)
    os._exit(0)  # whatever threads a library still has


if __name__ == "__main__":
    main()
