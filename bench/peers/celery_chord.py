"""Empty Celery chords: two header tasks and a body that do nothing, joined by the redis backend; no database."""

import json
import os
from collections.abc import Sequence
from datetime import datetime

import redis
from celery import Celery, chord

from bench.load_generators import Sent
from bench.participant import Participant
from ops.services.process import Process
from ops.services.readiness import output_contains

app = Celery("bench_chord", broker=os.environ.get("BENCH_CHORD_BROKER"), backend=os.environ.get("BENCH_VALKEY_URL"))
app.conf.update(
    result_expires=600,
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH", "4")),
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
)


@app.task(name="header")
def header() -> None:
    """Do nothing."""


@app.task(name="body")
def body(_answers: list[None]) -> None:
    """Do nothing."""


class ChordDriver:
    """Sends chords, and polls the result backend for finished bodies."""

    def __init__(self) -> None:
        self._results = redis.Redis.from_url(os.environ["BENCH_VALKEY_URL"])

    def place(self, _number: int) -> str:
        """Send one chord. Returns the task id of its body."""
        return str(chord([header.s(), header.s()], body.s()).apply_async().id)

    def paid(self, orders: Sequence[str]) -> list[str]:
        """The chords whose body has finished."""
        found = self._results.mget([app.backend.get_key_for_task(order) for order in orders])
        return [order for order, result in zip(orders, found, strict=True) if result is not None]


class CeleryChord(Participant):
    """The upper limit of Celery: empty tasks, no events."""

    name = "celery_chord"
    uses = frozenset({"rabbitmq", "valkey"})
    driver = "bench.peers.celery_chord:ChordDriver"
    settings = (
        {"in_flight": 32, "threads": 4, "pool": "solo", "workers": 2, "prefetch": 16, "broker": "valkey"},
        {"in_flight": 32, "threads": 4, "pool": "solo", "workers": 2, "prefetch": 16, "broker": "rabbitmq"},
        {"in_flight": 32, "threads": 4, "pool": "prefork", "workers": 1, "prefetch": 16, "broker": "valkey"},
        {"in_flight": 256, "threads": 4, "pool": "solo", "workers": 2, "prefetch": 64, "broker": "valkey"},
    )
    note = "empty tasks, no order: what a chord itself costs; from apply_async to the body's result"

    def processes(self) -> list[Process]:
        """One worker per processor, or one that forks as many."""
        return [self._worker(f"worker-{number}") for number in range(1, self.setting["workers"] + 1)]

    def _worker(self, name: str) -> Process:
        pool = ("--pool", self.setting["pool"], "--concurrency", 2)
        quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")
        command = ("celery", "--app", "bench.peers.celery_chord", "worker", *pool, *quiet, "--hostname", f"{name}@%h")
        return self.environment.python(name, *command, ready=output_contains(" ready."), **self.driver_env())

    def driver_env(self) -> dict[str, object]:
        """The broker URL and the prefetch count."""
        urls = {"valkey": self.environment.valkey_url, "rabbitmq": self.environment.rabbitmq_url}
        return {"BENCH_CHORD_BROKER": urls[self.setting["broker"]], "BENCH_PREFETCH": self.setting["prefetch"]}

    def times(self, sent: Sent) -> dict[str, tuple[float, float]]:
        """When each chord was sent, and when the result of its body was stored."""
        with redis.Redis.from_url(self.environment.valkey_url) as results:
            orders = list(sent.orders)
            found = results.mget([f"celery-task-meta-{order}" for order in orders])
        done = {order: _done(stored) for order, stored in zip(orders, found, strict=True) if stored}
        return {order: (sent.orders[order][0], moment) for order, moment in done.items()}


def _done(stored: bytes) -> float:
    return datetime.fromisoformat(json.loads(stored)["date_done"]).timestamp()
