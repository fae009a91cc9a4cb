"""Measure how slow calls to the payment provider affect other orders, with one order worker.

    python -m bench.slow_calls --seconds 20

- rush: 34 orders of a company at once, four of which the provider answers after 10 s
- share: 20 orders/s of eight companies; the provider takes 8 s for each call of one of them, which has a tenth of the
  orders; and the same without
- everywhere: each call takes 200 ms; at the peak, and at 30 orders/s
"""

import argparse
import json
import os
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar
from uuid import UUID

import psycopg

from bench.figures import latencies
from bench.load_generators import LoadGenerators, Sent, load_generators
from bench.peers.orderx import OrderxEngine
from bench.servers import Servers
from bench.slow_calls import companies
from bench.trial import running
from ops.services import directories
from ops.services.supervisor import interruptible

Order = tuple[int, float]
"""The number of its company, and the seconds of each call."""

SLOW_COMPANY = companies.NUMBER - 1
RUSH: Sequence[Order] = [(0, 10.0)] * 4 + [(0, 0.0)] * 30
FAST: Sequence[Order] = [(number % SLOW_COMPANY, 0.0) if number % 10 else (SLOW_COMPANY, 0.0) for number in range(70)]
SHARE: Sequence[Order] = [(company, 8.0 if company == SLOW_COMPANY else 0.0) for company, _ in FAST]
EVERYWHERE: Sequence[Order] = [(number, 0.2) for number in range(companies.NUMBER)]

_READ_COMPANY_AND_METHOD = """
    SELECT o.id::text, o.company_id, p.method FROM orders o JOIN payments p ON p.order_id = o.id
    WHERE o.id = ANY(%s::uuid[])"""


class SlowEngine(OrderxEngine):
    """OrderX's engine with the slow provider."""

    driver = "bench.slow_calls.driver:SlowDriver"
    worker_module: ClassVar[str] = "bench.slow_calls.worker"

    def prepare(self) -> None:
        """Create the companies."""
        companies.create(self.environment.database_url)

    def _work(self, name: str, queues: str) -> tuple[object, ...]:
        return self.worker_module, queues, name


@contextmanager
def _engine(servers: Servers, name: str) -> Iterator[SlowEngine]:
    with servers.run_environment(f"slow_{name}") as environment:
        engine = SlowEngine(environment, {"workers": 1})
        engine.prepare()
        with running(engine.processes()):
            with _load(engine, FAST) as load:
                load.open_loop(seconds=3, rate=20, threads=8)  # warms up
            yield engine


@contextmanager
def _load(engine: SlowEngine, orders: Sequence[Order]) -> Iterator[LoadGenerators]:
    with load_generators(engine.environment, engine.driver, BENCH_ORDERS=json.dumps(orders)) as load:
        yield load


def _report(engine: SlowEngine, name: str, sent: Sent) -> None:
    """Print the latencies of the fast and the slow orders, and those of one company alone."""
    times = engine.times(sent)
    with psycopg.connect(engine.environment.database_url) as connection:
        rows: list[tuple[str, UUID, str]] = connection.execute(_READ_COMPANY_AND_METHOD, [list(times)]).fetchall()
    groups: dict[str, list[float]] = defaultdict(list)
    for order, company_id, method in rows:
        seconds = times[order][1] - times[order][0]
        slow = float(method.removeprefix("pm_")) > 1
        groups["slow" if slow else "others"].append(seconds)
        if not slow and company_id == companies.company(1):
            groups["of one company"].append(seconds)
    figures: dict[str, Any] = {group: {"orders": len(each), **latencies(each)} for group, each in groups.items()}
    last = max(paid for _, paid in times.values())
    rate = round(len(times) / (last - sent.begun), 1)
    print(json.dumps({"scenario": name, "per_s": rate, "lost": sent.lost, **figures}), flush=True)


def _rush(servers: Servers, _seconds: float) -> None:
    with _engine(servers, "rush") as engine, _load(engine, RUSH) as load:
        _report(engine, "rush", load.burst(orders=34, in_flight=34, threads=8))


def _share(servers: Servers, seconds: float) -> None:
    for name, orders in (("share, without", FAST), ("share", SHARE)):
        with _engine(servers, "share") as engine, _load(engine, orders) as load:
            _report(engine, name, load.open_loop(seconds=seconds, rate=20, threads=16))


def _everywhere(servers: Servers, seconds: float) -> None:
    with _engine(servers, "everywhere") as engine, _load(engine, EVERYWHERE) as load:
        _report(engine, "everywhere, 30/s", load.open_loop(seconds=seconds, rate=30, threads=16))
        _report(engine, "everywhere, peak", load.closed_loop(seconds=seconds, in_flight=128, threads=8))


def main() -> None:
    """Run the scenarios, and print a line of JSON for each."""
    options = argparse.ArgumentParser(prog="python -m bench.slow_calls")
    options.add_argument("--seconds", type=float, default=20.0, help="of each open or closed loop")
    options.add_argument("--only", default="", help="a part of the scenario's name")
    chosen = options.parse_args()
    with interruptible(), directories.temporary("orderx-bench-") as home, Servers(home).running() as servers:
        for scenario in (_rush, _share, _everywhere):
            if chosen.only in scenario.__name__:
                scenario(servers, chosen.seconds)
    print(f"Load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors.", file=sys.stderr)


if __name__ == "__main__":
    main()
