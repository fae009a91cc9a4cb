"""DBOS: the steps as datasource transactions in a workflow, as in its tutorials.

With a datasource, a step's checkpoint is committed in the step's transaction
(https://docs.dbos.dev/python/tutorials/transaction-tutorial). The process that places an order also runs its
workflow, which costs less than passing it through a queue.
"""

import os
from typing import Any

from dbos import DBOS, DBOSConfig, SQLAlchemyDatasource
from sqlalchemy import TextClause, text

from bench import workload
from bench.order_driver import DatabaseDriver
from bench.participant import Participant
from kit.db.engines import dialect_url
from kit.ids import new_id

_STATEMENTS: dict[workload.Step, list[TextClause]] = {
    step: [text(workload.with_colons(each)) for each in step] for step in workload.STEPS
}

POOL = 16


def datasource(url: str) -> SQLAlchemyDatasource:
    """The datasource of the orders' database, which also has the table of step results."""
    return SQLAlchemyDatasource.create(dialect_url(url), engine_kwargs={"pool_size": POOL, "max_overflow": 0})


def launch(url: str, executor: str) -> None:
    """Start DBOS in this process."""
    config: DBOSConfig = {
        "name": "bench",
        "system_database_url": dialect_url(url),
        "sys_db_pool_size": POOL,
        "executor_id": executor,
        "application_version": "1",
        "log_level": "WARNING",
    }
    DBOS(config=config)
    DBOS.launch()


class Steps:
    """The workload's steps on a datasource."""

    def __init__(self, orders: SQLAlchemyDatasource) -> None:
        transaction = orders.transaction(isolation_level="READ COMMITTED")

        def as_transaction(step: workload.Step, name: str) -> Any:
            def run_step(values: dict[str, str]) -> None:
                session = orders.sql_session()
                for statement in _STATEMENTS[step]:
                    changed: Any = session.execute(statement, values)
                    if changed.rowcount != 1:
                        raise workload.OutOfStock(str(statement))

            run_step.__name__ = run_step.__qualname__ = name
            return transaction(run_step)

        self.place = as_transaction(workload.PLACE, "place")
        self.reserve = as_transaction(workload.RESERVE, "reserve_stock")
        self.authorise = as_transaction(workload.AUTHORISE, "authorise_payment")
        self.capture = as_transaction(workload.CAPTURE, "capture_payment")
        self.commit = as_transaction(workload.COMMIT, "commit_stock")
        self.mark_paid = as_transaction(workload.MARK_PAID, "mark_paid")


class DbosDriver(DatabaseDriver):
    """Places orders and runs their workflows in this process."""

    def __init__(self) -> None:
        super().__init__()
        url = os.environ["BENCH_DATABASE_URL"]
        steps = Steps(datasource(url))

        @DBOS.workflow()
        def sell(values: dict[str, str]) -> None:
            steps.reserve(values)
            steps.authorise(values)
            steps.capture(values)
            steps.commit(values)
            steps.mark_paid(values)

        self._place, self._sell = steps.place, sell
        launch(url, f"executor-{os.environ['BENCH_NUMBER']}")

    def place(self, number: int) -> str:
        """Insert the order and start its workflow."""
        order = str(new_id())
        values = workload.values(order, number)
        self._place(values)
        DBOS.start_workflow(self._sell, values)
        return order


class DbosEngine(Participant):
    """The engine runs in the processes that place orders."""

    name = "dbos"
    driver = "bench.peers.dbos:DbosDriver"
    settings = (
        {"loaders": 2, "in_flight": 32, "threads": 8},
        {"loaders": 2, "in_flight": 16, "threads": 8},
        {"loaders": 1, "in_flight": 32, "threads": 8},
        {"loaders": 2, "in_flight": 256, "threads": 8},
    )
    note = "workflows of five datasource transactions, run by the processes that place the orders"

    def prepare(self) -> None:
        """Create its tables before its processes start, which would otherwise race to do it."""
        SQLAlchemyDatasource.migrate(dialect_url(self.environment.database_url))
        DBOS.migrate(dialect_url(self.environment.database_url))
