"""Procrastinate: a job per step in PostgreSQL, each deferring the next; it has no workflows of its own.

Asynchronous tasks on its asynchronous connector, several at once in a worker, as its documentation advises; the next
job is deferred in the step's own transaction, so that neither is without the other.
"""

import os
from typing import Any

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.tasks import Task
from psycopg_pool import AsyncConnectionPool

from bench import workload
from bench.contestant import Contestant
from bench.placer import Watching
from bench.pool import pool
from kit.ids import new_id
from ops.services.process import Process
from ops.services.readiness import line

app = App(connector=PsycopgConnector(conninfo=os.environ.get("BENCH_DATABASE_URL", ""), max_size=16))

_orders = AsyncConnectionPool(os.environ.get("BENCH_DATABASE_URL", ""), min_size=1, max_size=16, open=False)

Values = dict[str, Any]


async def _take(step: workload.Step, values: Values, following: Task[..., Any, Any] | None = None) -> None:
    await _orders.open()
    async with _orders.connection() as connection:
        for statement in step:
            if (await connection.execute(statement, values)).rowcount != 1:
                raise workload.OutOfStock(statement)
        if following:
            await following.configure(connection=connection).defer_async(values=values)


@app.task(name="reserve_stock")
async def reserve_stock(values: Values) -> None:
    """Hold the unit."""
    await _take(workload.RESERVE, values, authorise_payment)


@app.task(name="authorise_payment")
async def authorise_payment(values: Values) -> None:
    """Hold the money."""
    await _take(workload.AUTHORISE, values, capture_payment)


@app.task(name="capture_payment")
async def capture_payment(values: Values) -> None:
    """Take the money."""
    await _take(workload.CAPTURE, values, commit_stock)


@app.task(name="commit_stock")
async def commit_stock(values: Values) -> None:
    """The unit is sold."""
    await _take(workload.COMMIT, values, mark_paid)


@app.task(name="mark_paid")
async def mark_paid(values: Values) -> None:
    """The order is paid."""
    await _take(workload.MARK_PAID, values)


class Deferring(Watching):
    """Places orders and defers their first job, from threads."""

    def __init__(self) -> None:
        super().__init__()
        app.open()

    def place(self, number: int) -> str:
        """Write the order down and defer its first step, in one transaction."""
        order = str(new_id())
        values: Values = dict(workload.values(order, number))
        with pool().connection() as connection:
            workload.take(connection, workload.PLACE, values)
            reserve_stock.configure(connection=connection).defer(values=values)
        return order


class ProcrastinateEngine(Contestant):
    """Worker processes beside the one that places orders."""

    name = "procrastinate"
    placer = "bench.peers.procrastinate:Deferring"
    settings = (
        {"loaders": 1, "in_flight": 32, "threads": 4, "workers": 2, "concurrency": 8},
        {"loaders": 1, "in_flight": 32, "threads": 4, "workers": 1, "concurrency": 16},
        {"loaders": 1, "in_flight": 64, "threads": 4, "workers": 2, "concurrency": 16},
        {"loaders": 1, "in_flight": 256, "threads": 4, "workers": 2, "concurrency": 16},
    )
    note = "a job per step, each deferring the next"

    def prepare(self) -> None:
        """Make its tables."""
        with app.replace_connector(SyncPsycopgConnector(conninfo=self.scene.database_url)) as opened, opened.open():
            opened.schema_manager.apply_schema()

    def processes(self) -> list[Process]:
        """The workers."""
        return [self._worker(f"worker-{number}") for number in range(1, self.setting["workers"] + 1)]

    def _worker(self, name: str) -> Process:
        options = ("--concurrency", self.setting["concurrency"], "--name", name, "--delete-jobs", "always")
        command = ("procrastinate", "--app", "bench.peers.procrastinate.app", "worker", *options)
        return self.scene.python(name, *command, ready=line("Starting worker"))
