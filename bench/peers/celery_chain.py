"""Plain Celery: a chord of two steps, then a chain of tasks.

No journal, no undo and no outbox: an order whose message is lost is lost.
"""

import os

from celery import Celery, chain, chord

from bench import workload
from bench.external_clients import external_clients
from bench.order_driver import DatabaseDriver
from bench.participant import FullWorkload, Participant
from bench.peers.flask_app import FlaskApp
from bench.pool import pool
from kit.ids import new_id
from ops.services.process import Process
from ops.services.readiness import output_contains

app = Celery("bench_chain", broker=os.environ.get("BENCH_RABBITMQ_URL"), backend=os.environ.get("BENCH_VALKEY_URL"))
app.conf.update(
    broker_connection_retry_on_startup=True,
    result_expires=600,
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH", "4")),
)

Values = dict[str, str]


def _run_step(step: workload.Step, values: Values) -> None:
    with pool().connection() as connection:
        workload.run_step(connection, step, values)


@app.task
def reserve_stock(values: Values) -> None:
    """Reserve the unit."""
    _run_step(workload.RESERVE, values)


@app.task
def authorise_payment(values: Values) -> None:
    """Authorise the payment."""
    _run_step(workload.AUTHORISE, {**values, "ref": external_clients().authorise(values["order"])})


@app.task(ignore_result=True)
def capture_payment(_answers: list[None], values: Values) -> None:
    """Capture the payment."""
    with pool().connection() as connection:
        held = connection.execute("SELECT provider_ref FROM payments WHERE id = %(order)s", values).fetchone()
    assert held
    external_clients().capture(held[0])
    _run_step(workload.CAPTURE, {**values, "ref": held[0]})


@app.task(ignore_result=True)
def commit_stock(values: Values) -> None:
    """Commit the reserved unit as sold."""
    _run_step(workload.COMMIT, values)


@app.task(ignore_result=True)
def mark_paid(values: Values) -> None:
    """Mark the order as paid."""
    _run_step(workload.MARK_PAID, values)


@app.task(ignore_result=True)
def send_mail(recipient: str, subject: str, order: str) -> None:
    """Send a mail."""
    external_clients().mail(recipient, subject, order)


def place(number: int) -> str:
    """Insert the order and send its tasks."""
    order = str(new_id())
    values = workload.values(order, number)
    _run_step(workload.PLACE, values)
    then = chain(capture_payment.s(values), commit_stock.si(values), mark_paid.si(values))
    if external_clients().real:
        send_mail.delay(workload.BUYER, "Order received", order)
        send_mail.delay(workload.MERCHANT, "New order", order)
        then |= send_mail.si(workload.BUYER, "Payment received", order)
    chord([reserve_stock.si(values), authorise_payment.si(values)], then).apply_async()
    return order


class CeleryDriver(DatabaseDriver):
    """Places orders in the load generator."""

    def place(self, number: int) -> str:
        """Insert the order and send its tasks."""
        return place(number)


class CeleryChainEngine(Participant):
    """Workers of Celery's default kind, on RabbitMQ, with redis as the result backend."""

    name = "celery_chain"
    uses = frozenset({"postgres", "rabbitmq", "valkey"})
    driver = "bench.peers.celery_chain:CeleryDriver"
    settings = (
        {"loaders": 1, "in_flight": 32, "threads": 4, "pool": "solo", "workers": 2, "prefetch": 16},
        {"loaders": 1, "in_flight": 32, "threads": 4, "pool": "prefork", "workers": 1, "prefetch": 16},
        {"loaders": 1, "in_flight": 32, "threads": 4, "pool": "prefork", "workers": 1, "prefetch": 4},
        {"loaders": 1, "in_flight": 256, "threads": 4, "pool": "solo", "workers": 2, "prefetch": 64},
    )
    note = "chord(reserve, authorise) | capture | commit | mark_paid; no journal, no undo, no outbox"

    def processes(self) -> list[Process]:
        """One worker per processor, or one that forks as many."""
        return [self._worker(f"worker-{number}") for number in range(1, self.setting["workers"] + 1)]

    def _worker(self, name: str) -> Process:
        options = ("--pool", self.setting["pool"], "--concurrency", 2, "--loglevel", "INFO", "--hostname", f"{name}@%h")
        command = ("celery", "--app", "bench.peers.celery_chain", "worker", *options)
        return self.environment.python(name, *command, ready=output_contains(" ready."), **self.env())

    def env(self) -> dict[str, object]:
        """The environment variables of its processes."""
        return {"BENCH_PREFETCH": self.setting["prefetch"]}


class CeleryChainFull(FlaskApp, FullWorkload, CeleryChainEngine):
    """The same behind Flask and gunicorn, with Stripe's SDK and smtplib in the tasks."""

    place_order = "bench.peers.celery_chain:place"
    settings = (
        {"in_flight": 32, "threads": 16, "pool": "prefork", "workers": 1, "prefetch": 16, "api_workers": 1},
        {"in_flight": 32, "threads": 16, "pool": "solo", "workers": 2, "prefetch": 16, "api_workers": 1},
        {"in_flight": 32, "threads": 16, "pool": "prefork", "workers": 1, "prefetch": 4, "api_workers": 2},
        {"in_flight": 128, "threads": 16, "pool": "solo", "workers": 2, "prefetch": 64, "api_workers": 1},
    )
    note = "Flask without authentication or validation; Stripe's SDK and smtplib in the tasks"

    def processes(self) -> list[Process]:
        """The workers and the web server."""
        return [*super().processes(), self.web_server()]

    def env(self) -> dict[str, object]:
        """The environment variables of its processes; external services are called."""
        return {**super().env(), "BENCH_OUTSIDE": "real"}
