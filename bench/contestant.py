"""What every contestant says about itself; one subclass per contestant in bench/peers."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Literal, Protocol

import psycopg

from bench.loaders import Sent, loaders
from bench.scene import Scene
from ops.services.process import Process

Setting = Mapping[str, Any]
Workload = Literal["engine", "full", "http"]

MAILS = 3
"""To the buyer and the company when an order is placed, to the buyer when it is paid: what all send at least."""

_TIMES = """
    SELECT o.id::text, extract(epoch FROM pg_xact_commit_timestamp(l.xmin))::float8,
        extract(epoch FROM pg_xact_commit_timestamp(o.xmin))::float8
    FROM orders o JOIN order_lines l ON l.order_id = o.id AND l.position = 0
    WHERE o.status = 'paid' AND o.id = ANY(%s::uuid[])"""


class Load(Protocol):
    """Whoever puts the load on (bench/loaders.py, or a tool of the contestant's own)."""

    @property
    def pids(self) -> Sequence[int]:
        """Its processes."""

    def closed(self, *, seconds: float, in_flight: int, threads: int) -> Sent:
        """As fast as they finish."""

    def on_the_clock(self, *, seconds: float, rate: float, threads: int) -> Sent:
        """At so many a second."""


class Contestant:
    """One run of a contestant with one of its settings: `loaders`, `in_flight`, `threads`, and what it adds itself."""

    name: ClassVar[str]
    workload: ClassVar[Workload] = "engine"
    uses: ClassVar[frozenset[str]] = frozenset({"postgres"})
    """The shared servers that work for it; the others' CPU and memory are not its."""
    stand_ins: ClassVar[frozenset[str]] = frozenset()
    """Those of them that stand for the outside world."""
    placer: ClassVar[str]
    settings: ClassVar[tuple[Setting, ...]]
    """Those that are tried; the first is the one that was found best here."""
    note: ClassVar[str] = ""
    takes_latency: ClassVar[bool] = True
    """Whether its latency at half of its peak is of interest."""

    settling: ClassVar[float] = 60.0
    """Seconds that mails and the like may take after the last order is paid."""

    def __init__(self, scene: Scene, setting: Setting) -> None:
        self.scene = scene
        self.setting = setting

    def prepare(self) -> None:
        """Make what the processes need to find."""

    def processes(self) -> list[Process]:
        """Its own processes, in the order of starting."""
        return []

    def load(self) -> AbstractContextManager[Load]:
        """Whoever places its orders, once its processes run."""
        return loaders(self.scene, self.placer, number=self.setting.get("loaders", 1), **self.load_env())

    def load_env(self) -> dict[str, object]:
        """What its placer finds in its environment."""
        return {}

    def times(self, sent: Sent) -> dict[str, tuple[float, float]]:
        """When each paid order was placed and when it was paid (epoch seconds), as PostgreSQL committed them."""
        with psycopg.connect(self.scene.database_url) as connection:
            rows = connection.execute(_TIMES, [list(sent.orders)]).fetchall()
        return {order: (placed, paid) for order, placed, paid in rows}

    def settled(self) -> bool:
        """Whether nothing is left to do for the orders that are paid."""
        return True


class Full:
    """Mixed in for the *full* workload: an order counts from its POST, and is settled with its mails."""

    workload: ClassVar[Workload] = "full"
    stand_ins: ClassVar[frozenset[str]] = frozenset({"sandbox", "inbox"})
    placer: ClassVar[str] = "bench.placer:Posting"
    scene: Scene
    mails: ClassVar[int] = MAILS

    def prepare(self) -> None:
        """Count the mails of earlier runs."""
        super().prepare()  # type: ignore[misc]
        self._earlier_mails = self._mails()

    def times(self, sent: Sent) -> dict[str, tuple[float, float]]:
        """When each order was sent and when it was paid."""
        paid: dict[str, tuple[float, float]] = super().times(sent)  # type: ignore[misc]
        return {order: (sent.orders[order][0], moment) for order, (_, moment) in paid.items()}

    def settled(self) -> bool:
        """Whether all mails about every order are with the mail server."""
        with psycopg.connect(self.scene.database_url) as connection:
            row = connection.execute("/* watch */ SELECT count(*) FROM orders").fetchone()
        return row is not None and self._mails() - self._earlier_mails >= self.mails * row[0]

    def _mails(self) -> int:
        return sum(1 for _ in self.scene.mails.glob("*.eml"))
