"""Procrastinate: a job per step in PostgreSQL; each job defers the next. It has no workflows.

Tasks are asynchronous, on the asynchronous connector, several at once per worker, as the documentation advises. The
next job is deferred in the step's transaction, so both are committed together.
"""

import os
from typing import Any

from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.tasks import Task
from psycopg_pool import AsyncConnectionPool

from bench import workload
from bench.order_driver import DatabaseDriver
from bench.participant import Participant
from bench.pool import pool
from kit.ids import new_id
from ops.services.process import Process
from ops.services.readiness import output_contains

app = App(connector=PsycopgConnector(conninfo=os.environ.get("BENCH_DATABASE_URL", ""), max_size=16))

_orders = AsyncConnectionPool(os.environ.get("BENCH_DATABASE_URL", ""), min_size=1, max_size=16, open=False)

Values = dict[str, Any]


async def _run_step(step: workload.Step, values: Values, following: Task[..., Any, Any] | None = None) -> None:
    await _orders.open()
    async with _orders.connection() as connection:
        for statement in step:
            if (await connection.execute(statement, values)).rowcount != 1:
                raise workload.OutOfStock(statement)
        if following:
            await following.configure(connection=connection).defer_async(values=values)


@app.task(name="reserve_stock")
async def reserve_stock(values: Values) -> None:
    """Reserve the unit."""
    await _run_step(workload.RESERVE, values, authorise_payment)


@app.task(name="authorise_payment")
async def authorise_payment(values: Values) -> None:
    """Authorise the payment."""
    await _run_step(workload.AUTHORISE, values, capture_payment)


@app.task(name="capture_payment")
async def capture_payment(values: Values) -> None:
    """Capture the payment."""
    await _run_step(workload.CAPTURE, values, commit_stock)


@app.task(name="commit_stock")
async def commit_stock(values: Values) -> None:
    """Commit the reserved unit as sold."""
    await _run_step(workload.COMMIT, values, mark_paid)


@app.task(name="mark_paid")
async def mark_paid(values: Values) -> None:
    """Mark the order as paid."""
    await _run_step(workload.MARK_PAID, values)


class ProcrastinateDriver(DatabaseDriver):
    """Places orders and defers their first job, in threads."""

    def __init__(self) -> None:
        super().__init__()
        app.open()

    def place(self, number: int) -> str:
        """Insert the order and defer its first job, in one transaction."""
        order = str(new_id())
        values: Values = dict(workload.values(order, number))
        with pool().connection() as connection:
            workload.run_step(connection, workload.PLACE, values)
            reserve_stock.configure(connection=connection).defer(values=values)
        return order


class ProcrastinateEngine(Participant):
    """Worker processes, and one process that places orders."""

    name = "procrastinate"
    driver = "bench.peers.procrastinate:ProcrastinateDriver"
    settings = (
        {"loaders": 1, "in_flight": 32, "threads": 4, "workers": 2, "concurrency": 8},
        {"loaders": 1, "in_flight": 32, "threads": 4, "workers": 1, "concurrency": 16},
        {"loaders": 1, "in_flight": 64, "threads": 4, "workers": 2, "concurrency": 16},
        {"loaders": 1, "in_flight": 256, "threads": 4, "workers": 2, "concurrency": 16},
    )
    note = "a job per step, each deferring the next"

    def prepare(self) -> None:
        """Create its tables."""
        with (
            app.replace_connector(SyncPsycopgConnector(conninfo=self.environment.database_url)) as opened,
            opened.open(),
        ):
            opened.schema_manager.apply_schema()

    def processes(self) -> list[Process]:
        """The workers."""
        return [self._worker(f"worker-{number}") for number in range(1, self.setting["workers"] + 1)]

    def _worker(self, name: str) -> Process:
        options = ("--concurrency", self.setting["concurrency"], "--name", name, "--delete-jobs", "always")
        command = ("procrastinate", "--app", "bench.peers.procrastinate.app", "worker", *options)
        return self.environment.python(name, *command, ready=output_contains("Starting worker"))
