"""Base class of the participants; its subclasses are in bench/peers."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Literal, Protocol

import psycopg

from bench.load_generators import Sent, load_generators
from bench.run_environment import RunEnvironment
from ops.services.process import Process

Setting = Mapping[str, Any]
Workload = Literal["engine", "full", "http"]

MAILS = 3
"""Mails per order of a peer: to buyer and company when it is placed, to the buyer when it is paid."""

_READ_TIMES = """
    SELECT o.id::text, extract(epoch FROM pg_xact_commit_timestamp(l.xmin))::float8,
        extract(epoch FROM pg_xact_commit_timestamp(o.xmin))::float8
    FROM orders o JOIN order_lines l ON l.order_id = o.id AND l.position = 0
    WHERE o.status = 'paid' AND o.id = ANY(%s::uuid[])"""


class Load(Protocol):
    """Generates load: bench/load_generators.py, or a tool of the participant."""

    @property
    def pids(self) -> Sequence[int]:
        """Its processes."""

    def closed_loop(self, *, seconds: float, in_flight: int, threads: int) -> Sent:
        """Keep `in_flight` orders in flight for `seconds`."""

    def open_loop(self, *, seconds: float, rate: float, threads: int) -> Sent:
        """Place `rate` orders a second for `seconds`."""


class Participant:
    """A participant with one of its settings: `loaders`, `in_flight`, `threads`, and its own parameters."""

    name: ClassVar[str]
    workload: ClassVar[Workload] = "engine"
    uses: ClassVar[frozenset[str]] = frozenset({"postgres"})
    """The shared servers that it uses; only their CPU and memory are counted."""
    stand_ins: ClassVar[frozenset[str]] = frozenset()
    """Servers that simulate external services; their CPU is not counted."""
    driver: ClassVar[str]
    settings: ClassVar[tuple[Setting, ...]]
    """The settings to try; the first was the best in earlier runs."""
    note: ClassVar[str] = ""
    measures_latency: ClassVar[bool] = True
    """Whether to measure its latency at half of its peak."""

    finish_timeout: ClassVar[float] = 60.0
    """Seconds that mails and other remaining work may take after the last order is paid."""

    def __init__(self, environment: RunEnvironment, setting: Setting) -> None:
        self.environment = environment
        self.setting = setting

    def prepare(self) -> None:
        """Prepare the database before the processes start."""

    def processes(self) -> list[Process]:
        """Its processes, in start order."""
        return []

    def load(self) -> AbstractContextManager[Load]:
        """Its load generator; entered once its processes run."""
        return load_generators(
            self.environment, self.driver, number=self.setting.get("loaders", 1), **self.driver_env()
        )

    def driver_env(self) -> dict[str, object]:
        """The environment variables of its driver."""
        return {}

    def times(self, sent: Sent) -> dict[str, tuple[float, float]]:
        """The commit times (epoch seconds) of each paid order: when it was placed, and when it was paid."""
        with psycopg.connect(self.environment.database_url) as connection:
            rows = connection.execute(_READ_TIMES, [list(sent.orders)]).fetchall()
        return {order: (placed, paid) for order, placed, paid in rows}

    def is_finished(self) -> bool:
        """Whether all work for the paid orders is finished."""
        return True


class FullWorkload:
    """Mixin for the *full* workload: an order starts with its POST, and is finished once its mails are sent."""

    workload: ClassVar[Workload] = "full"
    stand_ins: ClassVar[frozenset[str]] = frozenset({"sandbox", "inbox"})
    driver: ClassVar[str] = "bench.order_driver:HttpDriver"
    environment: RunEnvironment
    mails: ClassVar[int] = MAILS

    def prepare(self) -> None:
        """Count the mails of earlier runs, to exclude them."""
        super().prepare()  # type: ignore[misc]
        self._earlier_mails = self._mails()

    def times(self, sent: Sent) -> dict[str, tuple[float, float]]:
        """When each order was sent and when it was paid."""
        paid: dict[str, tuple[float, float]] = super().times(sent)  # type: ignore[misc]
        return {order: (sent.orders[order][0], moment) for order, (_, moment) in paid.items()}

    def is_finished(self) -> bool:
        """Whether the mail server has all mails of all orders."""
        with psycopg.connect(self.environment.database_url) as connection:
            row = connection.execute("/* watch */ SELECT count(*) FROM orders").fetchone()
        return row is not None and self._mails() - self._earlier_mails >= self.mails * row[0]

    def _mails(self) -> int:
        return sum(1 for _ in self.environment.mails.glob("*.eml"))
