"""Empty Celery chords: two headers and a body that do nothing, joined by the redis backend. No order, no database."""

import json
import os
from collections.abc import Sequence
from datetime import datetime

import redis
from celery import Celery, chord

from bench.contestant import Contestant
from bench.loaders import Sent
from ops.services.process import Process
from ops.services.readiness import line

app = Celery("bench_chord", broker=os.environ.get("BENCH_CHORD_BROKER"), backend=os.environ.get("BENCH_VALKEY_URL"))
app.conf.update(
    result_expires=600,
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH", "4")),
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
)


@app.task(name="header")
def header() -> None:
    """Nothing."""


@app.task(name="body")
def body(_answers: list[None]) -> None:
    """Nothing."""


class Chords:
    """Sends chords, and reads from the backend which bodies have run."""

    def __init__(self) -> None:
        self._results = redis.Redis.from_url(os.environ["BENCH_VALKEY_URL"])

    def place(self, _number: int) -> str:
        """Send one chord; the id of its body."""
        return str(chord([header.s(), header.s()], body.s()).apply_async().id)

    def paid(self, orders: Sequence[str]) -> list[str]:
        """Those whose body has its result."""
        found = self._results.mget([app.backend.get_key_for_task(order) for order in orders])
        return [order for order, result in zip(orders, found, strict=True) if result is not None]


class CeleryChord(Contestant):
    """As fast as Celery itself can be: no work in the tasks, no events, fire and forget."""

    name = "celery_chord"
    uses = frozenset({"rabbitmq", "valkey"})
    placer = "bench.peers.celery_chord:Chords"
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
        return self.scene.python(name, *command, ready=line(" ready."), **self.load_env())

    def load_env(self) -> dict[str, object]:
        """The broker, and how much a worker takes at a time."""
        urls = {"valkey": self.scene.valkey_url, "rabbitmq": self.scene.rabbitmq_url}
        return {"BENCH_CHORD_BROKER": urls[self.setting["broker"]], "BENCH_PREFETCH": self.setting["prefetch"]}

    def times(self, sent: Sent) -> dict[str, tuple[float, float]]:
        """From sending until the body's result was stored."""
        with redis.Redis.from_url(self.scene.valkey_url) as results:
            orders = list(sent.orders)
            found = results.mget([f"celery-task-meta-{order}" for order in orders])
        done = {order: _done(stored) for order, stored in zip(orders, found, strict=True) if stored}
        return {order: (sent.orders[order][0], moment) for order, moment in done.items()}


def _done(stored: bytes) -> float:
    return datetime.fromisoformat(json.loads(stored)["date_done"]).timestamp()
