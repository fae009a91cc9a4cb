"""Temporal: a workflow of five activities on the *development* server, with its SQLite on disk.

The development server is one process that is not meant for production. A production cluster consists of several
services on PostgreSQL or Cassandra, and needs a larger machine than this one.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from bench import workload
from bench.order_driver import DatabaseDriver
from bench.participant import Participant, Setting
from bench.pool import pool
from bench.run_environment import RunEnvironment
from kit.ids import new_id
from ops.services.ports import LOOPBACK, free_port
from ops.services.process import Process
from ops.services.readiness import output_contains, tcp

QUEUE = "orders"
Values = dict[str, str]


def _run_step(step: workload.Step, values: Values) -> None:
    with pool().connection() as connection:
        workload.run_step(connection, step, values)


@activity.defn
def reserve_stock(values: Values) -> None:
    """Reserve the unit."""
    _run_step(workload.RESERVE, values)


@activity.defn
def authorise_payment(values: Values) -> None:
    """Authorise the payment."""
    _run_step(workload.AUTHORISE, values)


@activity.defn
def capture_payment(values: Values) -> None:
    """Capture the payment."""
    _run_step(workload.CAPTURE, values)


@activity.defn
def commit_stock(values: Values) -> None:
    """Commit the reserved unit as sold."""
    _run_step(workload.COMMIT, values)


@activity.defn
def mark_paid(values: Values) -> None:
    """Mark the order as paid."""
    _run_step(workload.MARK_PAID, values)


ACTIVITIES = (reserve_stock, authorise_payment, capture_payment, commit_stock, mark_paid)


@workflow.defn
class Sell:
    """A workflow that runs the steps in sequence."""

    @workflow.run
    async def run(self, values: Values) -> None:
        """Run all steps."""
        for step in ACTIVITIES:
            await workflow.execute_activity(step, values, start_to_close_timeout=timedelta(seconds=30))


class TemporalDriver(DatabaseDriver):
    """Places orders and starts their workflows, in threads."""

    def __init__(self) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._client = self._wait(Client.connect(os.environ["BENCH_TEMPORAL"]))

    def place(self, number: int) -> str:
        """Insert the order and start its workflow."""
        order = str(new_id())
        values = workload.values(order, number)
        _run_step(workload.PLACE, values)
        self._wait(self._client.start_workflow(Sell.run, values, id=order, task_queue=QUEUE))
        return order

    def _wait(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()


class TemporalDev(Participant):
    """The development server and its workers."""

    name = "temporal_dev"
    driver = "bench.peers.temporal_dev:TemporalDriver"
    settings = (
        {"loaders": 1, "in_flight": 32, "threads": 8, "workers": 1, "activities": 16},
        {"loaders": 1, "in_flight": 16, "threads": 8, "workers": 1, "activities": 8},
        {"loaders": 1, "in_flight": 32, "threads": 8, "workers": 2, "activities": 8},
    )
    note = "Temporal's DEVELOPMENT server (one process, SQLite on disk); not a production setup"

    def __init__(self, environment: RunEnvironment, setting: Setting) -> None:
        super().__init__(environment, setting)
        self._port = free_port()
        self._store = environment.logs / f"temporal-{self._port}.db"

    def processes(self) -> list[Process]:
        """The server and the workers."""
        return [
            self._server(),
            *(self._worker(f"worker-{number}") for number in range(1, self.setting["workers"] + 1)),
        ]

    def _server(self) -> Process:
        program = str(Path(sys.executable).with_name("temporal"))
        where = ("--ip", LOOPBACK, "--port", self._port, "--headless", "--db-filename", self._store)
        argv = [program, "server", "start-dev", *map(str, where), "--log-level", "error"]
        log = self.environment.logs / "temporal.log"
        return Process("temporal", argv, log=log, env=self.environment.variables(), ready=tcp(self._port))

    def _worker(self, name: str) -> Process:
        command = ("bench.peers.temporal_dev", self.setting["activities"])
        return self.environment.python(
            name, *command, ready=output_contains("the worker is running"), **self.driver_env()
        )

    def driver_env(self) -> dict[str, object]:
        """The address of the server."""
        return {"BENCH_TEMPORAL": f"{LOOPBACK}:{self._port}"}


async def work(activities: int) -> None:
    """Run workflow tasks and up to `activities` activities at once, forever."""
    client = await _connect(os.environ["BENCH_TEMPORAL"])
    with ThreadPoolExecutor(activities) as threads:
        worker = Worker(
            client,
            task_queue=QUEUE,
            workflows=[Sell],
            activities=list(ACTIVITIES),
            activity_executor=threads,
            max_concurrent_activities=activities,
            workflow_runner=UnsandboxedWorkflowRunner(),  # the sandbox costs time, and this workflow does not need it
        )
        print("the worker is running", flush=True)
        await worker.run()


async def _connect(address: str) -> Client:
    for _ in range(100):
        try:
            return await Client.connect(address)
        except RuntimeError:
            await asyncio.sleep(0.1)
    return await Client.connect(address)


if __name__ == "__main__":
    asyncio.run(work(int(sys.argv[1])))
