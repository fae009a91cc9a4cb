"""Workers that have fallen silent: Celery's own heartbeats, listened to, and no other of its events."""

import re
from datetime import datetime, timedelta
from typing import Any

import structlog
from celery.events.event import get_exchange
from kombu import Connection, Consumer, Queue
from kombu.exceptions import KombuError
from kombu.message import Message

from kit import alerts, db
from kit.ids import new_id
from workers import queues

SILENCE = timedelta(seconds=16)
"""Three heartbeats, of 2 s each, after one outside call of 10 s, during which a worker without a pool is silent.
Between its calls, and while it waits for several at a time, it is not (workers/gathering.py)."""

AFTER_COMMIT = timedelta(seconds=4)
"""Two heartbeats more, once a commit has gone through: a worker that waits in COMMIT (for a standby) is silent, too."""

LONGEST_MOURNED = timedelta(hours=1)
"""A worker that was scaled away never comes back: its alert ends all the same."""

MOST = 1000
"""Heartbeats heard in one round."""

log = structlog.get_logger()

_CLOSE = """
    UPDATE alerts SET closed_at = now()
    WHERE kind = 'worker_died' AND closed_at IS NULL
        AND (key = ANY(%(alive)s) OR detail->>'place' = ANY(%(taken)s) OR opened_at < now() - %(longest)s)"""


class Heartbeats:
    """Which workers are alive, as far as this connection has heard."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        channel = connection.channel()
        exchange = get_exchange(connection)
        exchange(channel).declare()
        heard = Queue(
            f"alarms.{new_id()}", exchange, routing_key="worker.#", exclusive=True, auto_delete=True, durable=False,
            message_ttl=60,
        )  # fmt: skip
        self._consumer = Consumer(channel, [heard], on_message=self._on_message, no_ack=True)
        self._consumer.consume()
        self._last_heard: dict[str, datetime] = {}
        self._suspected: dict[str, datetime | None] = {}
        self._newcomers: set[str] = set()
        self._leavers: set[str] = set()
        self._now: datetime

    def look(self, *, now: datetime) -> None:
        """Listen to what has come; open alerts for those who are silent, and close those of the living."""
        self._now, self._newcomers, self._leavers = now, set(), set()
        if not self._has_heard_all():
            return
        dead = self._dead()
        for name in dead:
            del self._last_heard[name]
        alive, taken = [*self._last_heard, *self._leavers], [place_of(name) for name in self._newcomers]
        with db.operator_transaction():
            alerts.trigger("worker_died", {name: _obituary(name, at) for name, at in dead.items()})
            db.run(_CLOSE, {"alive": alive, "taken": taken, "longest": LONGEST_MOURNED})

    def _dead(self) -> dict[str, datetime]:
        """When those were last heard that have stayed silent after a commit went through, which proves that one can."""
        silent = {name: at for name, at in self._last_heard.items() if self._now - at > SILENCE}
        new = silent.keys() - self._suspected.keys()
        if new:
            _commit()
        self._suspected = {name: None if name in new else self._suspected[name] or self._now for name in silent}
        committed = {name: since for name, since in self._suspected.items() if since}
        return {name: silent[name] for name, since in committed.items() if self._now - since >= AFTER_COMMIT}

    def _has_heard_all(self) -> bool:
        """Listen to what is there; whether that was all of it, without which nobody can be called silent."""
        try:
            for _ in range(MOST):
                self._connection.drain_events(timeout=0.01)
        except TimeoutError:
            return True
        return False

    def _on_message(self, message: Message) -> None:
        event = _read(message)
        if event is None:
            return
        name = event["hostname"]
        if event["type"] == "worker-offline":
            self._last_heard.pop(name, None)
            self._leavers.add(name)
            return
        if name not in self._last_heard:
            self._newcomers.add(name)
        self._leavers.discard(name)
        self._last_heard[name] = self._now


def _commit() -> None:
    """Write to the WAL, and wait for what every commit waits for."""
    with db.operator_transaction():
        db.run("SELECT pg_logical_emit_message(true, 'orderx', 'heartbeats')", {})


def _read(message: Message) -> dict[str, Any] | None:
    """Read a worker's event; None for anything else: over Redis every event comes, those of tasks in lists."""
    try:
        event: Any = message.decode()
    except (KombuError, ValueError) as error:
        log.warning("a heartbeat cannot be read", error=type(error).__name__)
        return None
    told = isinstance(event, dict) and str(event.get("type")).startswith("worker-")
    return event if told and isinstance(event.get("hostname"), str) else None


def place_of(name: str) -> str:
    """What a worker that takes over from this one has in common with it: all but the process id in its name.

    Only the names that workers/run.py makes up hold a process id.
    """
    made_up = re.fullmatch(r"(.+)-\d+(@.+)", name)
    if made_up and set(made_up[1].split("+")) <= {*queues.NAMES, "all"}:
        return made_up[1] + made_up[2]
    return name


def _obituary(name: str, last_heard: datetime) -> dict[str, str]:
    return {"worker": name, "place": place_of(name), "last_heard": last_heard.isoformat()}
