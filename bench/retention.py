"""How long it takes to delete rows that have piled up, batch by batch, while orders are placed.

    python -m bench.retention --rows 10000000

Starts a temporary PostgreSQL, fills the inbox with events of 33 days ago, and has the schedule delete a batch and its
job the rest, as a worker does: slice by slice, each from a message of the outbox. Between two slices it pauses for as
long as a message of low priority waits for the relay.
"""

import argparse
import itertools
import logging
import os
import statistics
import threading
import time
from datetime import datetime
from pathlib import Path
from uuid import UUID

import psycopg
import structlog

from bench.peers.orderx import OrderxDriver
from bench.seed import seed
from kit import clock, db
from kit.db import Json
from kit.db.retention import Retention, delete_batch
from kit.jobs import slices
from kit.jobs.rows import TASK
from kit.jobs.slices import Slice
from migrations import run as migrations
from ops.services import directories
from ops.services.postgres import Postgres, with_login
from workers import jobs, retention
from workers.outbox.low_priority_timer import MAX_INTERVAL

_INSERT_EXPIRED_ROWS = """
    INSERT INTO inbox (consumer, event_id, processed_at)
    SELECT 'notification.events',
        (lpad(to_hex((extract(epoch FROM now() - interval '33 days') * 1000)::bigint + n / 1000), 12, '0')
         || '7000' || lpad(to_hex(n), 16, '0'))::uuid, now() - interval '33 days'
    FROM generate_series(%s, %s) AS n"""
CHUNK = 500_000
BASELINE_SECONDS = 10
"""For which orders are placed before rows are deleted."""


class LatencyProbe:
    """Places an order every 20 ms on a thread, and keeps how long each took, in milliseconds."""

    def __init__(self) -> None:
        self.took: list[float] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._place_until_stopped, daemon=True)
        self._thread.start()

    def _place_until_stopped(self) -> None:
        driver = OrderxDriver()
        for number in itertools.count():
            if self._stopping.wait(0.02):
                return
            begun = time.perf_counter()
            driver.place(number)
            self.took.append((time.perf_counter() - begun) * 1000)

    def stop_and_report(self) -> str:
        """Stop placing orders. Returns how many were placed, and how long that took (p50 and p99)."""
        self._stopping.set()
        self._thread.join()
        *_, p99 = statistics.quantiles(self.took, n=100)
        return f"{len(self.took)} orders placed, p50 {statistics.median(self.took):.1f} ms, p99 {p99:.1f} ms"


def main() -> None:
    """Fill the inbox, place orders without and with the deletion, and report both."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows to delete")
    rows = parser.parse_args().rows
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with directories.temporary("orderx-retention-") as home, Postgres(Path(home) / "postgres") as server:
        logins = {name: with_login(server.url, user=name, password="bench") for name in ("bench_app", "bench_operator")}
        migrations.upgrade(owner_url=server.url, app_url=logins["bench_app"], operator_url=logins["bench_operator"])
        seed(server.url)
        os.environ["ORDERX_DATABASE_URL"] = logins["bench_app"]
        os.environ["ORDERX_OPERATOR_DATABASE_URL"] = logins["bench_operator"]
        os.environ["BENCH_DATABASE_URL"] = server.url
        with psycopg.connect(server.url, autocommit=True) as owner:
            for first in range(1, rows + 1, CHUNK):
                owner.execute(_INSERT_EXPIRED_ROWS, [first, min(first + CHUNK - 1, rows)])
            owner.execute("CHECKPOINT")
        print(f"{rows} rows in the inbox; load average {os.getloadavg()[0]:.1f}")
        probe = LatencyProbe()
        time.sleep(BASELINE_SECONDS)
        print(f"before: {probe.stop_and_report()}")
        probe = LatencyProbe()
        delete()
        print(f"during: {probe.stop_and_report()}")
        db.app_engine().dispose()
        db.operator_engine().dispose()


def delete() -> None:
    """Run the schedule and then its job until it has ended, and report the batches and the slices."""
    batches: list[float] = []
    deleted = 0

    def timed(rule: Retention, position: Json, *, now: datetime) -> tuple[int, Json | None]:
        nonlocal deleted
        begun = time.perf_counter()
        found = delete_batch(rule, position, now=now)
        if rule.table == "inbox":
            batches.append(time.perf_counter() - begun)
            deleted += found[0]
        return found

    retention.delete_batch = timed
    begun = time.perf_counter()
    retention.delete_expired_rows(now=clock.now())
    declared, taken = jobs.declared(), []
    while message := next_slice():
        time.sleep(MAX_INTERVAL)
        started = time.perf_counter()
        slices.work(declared, Slice(UUID(message["job_id"]), None, int(message["slice"])))
        taken.append(time.perf_counter() - started)
    print(
        f"{deleted} rows deleted in {len(batches)} batches and {time.perf_counter() - begun:.0f} s;"
        f" a batch took {statistics.median(batches) * 1000:.0f} ms, the longest {max(batches) * 1000:.0f} ms;"
        f" {len(taken)} slices, the longest {max(taken):.1f} s"
    )


def next_slice() -> Json | None:
    """Take the message of the job's next slice from the outbox, as the relay does; None once the job has ended."""
    with db.operator_transaction():
        row = db.run("DELETE FROM outbox WHERE body ->> 'task' = %(task)s RETURNING body -> 'kwargs'", {"task": TASK})
        return next((kwargs for (kwargs,) in row), None)


if __name__ == "__main__":
    main()
