"""How long the relay's poll query takes while an old snapshot keeps the sent rows: of all rows, and from its position.

    python -m bench.relay_poll --rows 100000

Starts a temporary PostgreSQL, opens a snapshot as `pg_dump` does, and inserts and sends the rows.
"""

import argparse
import os
import statistics
import time
from pathlib import Path

import psycopg

from kit import db
from migrations import run as migrations
from ops.services import directories
from ops.services.postgres import Postgres, with_login
from workers.outbox.poll_position import MARGIN
from workers.outbox.relay import BATCH_SIZE, TAKE_BATCH

_INSERT_MESSAGES = """
    INSERT INTO outbox (kind, body, available_at)
    SELECT 'task', '{"task": "saga.advance"}', now() - interval '1 hour' FROM generate_series(1, %s)"""
POLLS = 20


def main() -> None:
    """Measure after each tenth of the rows."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=100_000, help="rows to insert and send")
    rows = parser.parse_args().rows
    with directories.temporary("orderx-snapshot-") as home, Postgres(Path(home) / "postgres", durable=False) as server:
        logins = {name: with_login(server.url, user=name, password="bench") for name in ("bench_app", "bench_operator")}
        migrations.upgrade(owner_url=server.url, app_url=logins["bench_app"], operator_url=logins["bench_operator"])
        os.environ["ORDERX_OPERATOR_DATABASE_URL"] = logins["bench_operator"]
        with psycopg.connect(server.url) as report, psycopg.connect(server.url, autocommit=True) as owner:
            report.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            report.execute("SELECT FROM outbox")
            print(f"{'rows sent':>10} {'all rows, ms':>15} {'from its position, ms':>22}")
            for step in range(1, 11):
                owner.execute(_INSERT_MESSAGES, [rows // 10])
                while take(lookback=None):
                    pass
                full, recent = milliseconds(lookback=None), milliseconds(lookback=MARGIN)
                print(f"{rows * step // 10:>10} {full:>15.2f} {recent:>22.2f}")
        db.operator_engine().dispose()


def take(*, lookback: float | None) -> int:
    """Poll once, as the relay does. Returns the number of rows taken."""
    parameters = {
        "batch_size": BATCH_SIZE, "include_low_priority": True, "low_priority_tasks": ["none.%"], "idle_timeout": "30s",
        "lookback": lookback,
    }  # fmt: skip
    with db.operator_transaction():
        return len(db.run(TAKE_BATCH, parameters).fetchall())


def milliseconds(*, lookback: float | None) -> float:
    """The median duration of polls that find nothing, in milliseconds."""
    took = []
    for _ in range(POLLS):
        begun = time.perf_counter()
        take(lookback=lookback)
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.median(took)


if __name__ == "__main__":
    main()
