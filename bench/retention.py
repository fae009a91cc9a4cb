"""How long it takes to delete rows that have piled up, batch by batch, while orders are placed.

    python -m bench.retention --rows 10000000

Starts a temporary PostgreSQL, fills the inbox with events of 31 days ago, and deletes them as the job does.
"""

import argparse
import itertools
import logging
import os
import statistics
import threading
import time
from pathlib import Path

import psycopg
import structlog

from bench.peers.orderx import OrderxDriver
from bench.seed import seed
from kit import clock, db
from kit.db.retention import delete_batch
from migrations import run as migrations
from ops.services import directories
from ops.services.postgres import Postgres, with_login
from workers.retention import rules

FILL = """
    INSERT INTO inbox (consumer, event_id, processed_at)
    SELECT 'notification.events',
        (lpad(to_hex((extract(epoch FROM now() - interval '31 days') * 1000)::bigint + n / 1000), 12, '0')
         || '7000' || lpad(to_hex(n), 16, '0'))::uuid, now() - interval '31 days'
    FROM generate_series(%s, %s) AS n"""
CHUNK = 500_000
BASELINE_SECONDS = 10
"""For which orders are placed before rows are deleted."""


class Orders:
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

    def report(self) -> str:
        """Stop, and say what placing took."""
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
                owner.execute(FILL, [first, min(first + CHUNK - 1, rows)])
            owner.execute("CHECKPOINT")
        print(f"{rows} rows in the inbox; load average {os.getloadavg()[0]:.1f}")
        orders = Orders()
        time.sleep(BASELINE_SECONDS)
        print(f"before: {orders.report()}")
        orders = Orders()
        delete()
        print(f"during: {orders.report()}")
        db.app_engine().dispose()
        db.operator_engine().dispose()


def delete() -> None:
    """Delete batch after batch as the job does, and report them."""
    deleted, batches, position = 0, [], {}
    while position is not None:
        begun = time.perf_counter()
        with db.operator_transaction():
            size, position = delete_batch(rules()["inbox"], position, now=clock.now())
        deleted += size
        batches.append(time.perf_counter() - begun)
    print(
        f"{deleted} rows deleted in {len(batches)} batches and {sum(batches):.0f} s;"
        f" a batch took {statistics.median(batches) * 1000:.0f} ms, the longest {max(batches) * 1000:.0f} ms"
    )


if __name__ == "__main__":
    main()
