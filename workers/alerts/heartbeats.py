"""Alerts about dead workers, found from the heartbeats that Celery workers send as events."""

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

MAX_SILENCE = timedelta(seconds=16)
"""Three heartbeats of 2 s, after one external call of 10 s, during which a worker without a pool sends none. It sends
them between its calls, and while it waits for several calls at once (workers/celery_internals/batching.py)."""

MAX_SILENCE_AFTER_COMMIT = timedelta(seconds=4)
"""Two more heartbeats, after a commit has succeeded: a worker that waits in COMMIT (for a standby) sends none."""

DEAD_WORKER_ALERT_TTL = timedelta(hours=1)
"""The alert ends after this time even if the worker never returns, because it may have been scaled away."""

MAX_EVENTS_PER_CHECK = 1000

log = structlog.get_logger()

_CLOSE_ALERTS = """
    UPDATE alerts SET closed_at = now()
    WHERE kind = 'worker_died' AND closed_at IS NULL
        AND (key = ANY(%(alive)s) OR detail->>'place' = ANY(%(replaced)s) OR opened_at < now() - %(ttl)s)"""


class HeartbeatMonitor:
    """Knows which workers are alive from the heartbeats received over this connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        channel = connection.channel()
        exchange = get_exchange(connection)
        exchange(channel).declare()
        queue = Queue(
            f"alarms.{new_id()}", exchange, routing_key="worker.#", exclusive=True, auto_delete=True, durable=False,
            message_ttl=60,
        )  # fmt: skip
        self._consumer = Consumer(channel, [queue], on_message=self._on_message, no_ack=True)
        self._consumer.consume()
        self._last_heartbeats: dict[str, datetime] = {}
        # Silent workers, with the first check after a commit has succeeded; None until then.
        self._silent_since_commit: dict[str, datetime | None] = {}
        self._started: set[str] = set()
        self._stopped: set[str] = set()
        self._now: datetime

    def check(self, *, now: datetime) -> None:
        """Receive the pending heartbeats; open alerts for dead workers and close those of living ones."""
        self._now, self._started, self._stopped = now, set(), set()
        if not self._receive_all():
            return
        dead = self._find_dead()
        for name in dead:
            del self._last_heartbeats[name]
        alive, replaced = [*self._last_heartbeats, *self._stopped], [worker_slot(name) for name in self._started]
        with db.operator_transaction():
            alerts.trigger("worker_died", {name: _dead_worker_detail(name, at) for name, at in dead.items()})
            db.run(_CLOSE_ALERTS, {"alive": alive, "replaced": replaced, "ttl": DEAD_WORKER_ALERT_TTL})

    def _find_dead(self) -> dict[str, datetime]:
        """Workers without a heartbeat although a commit has succeeded since: the last heartbeat of each."""
        silent = {name: at for name, at in self._last_heartbeats.items() if self._now - at > MAX_SILENCE}
        newly_silent = silent.keys() - self._silent_since_commit.keys()
        if newly_silent:
            _commit()
        self._silent_since_commit = {
            name: None if name in newly_silent else self._silent_since_commit[name] or self._now for name in silent
        }
        return {
            name: silent[name]
            for name, since in self._silent_since_commit.items()
            if since and self._now - since >= MAX_SILENCE_AFTER_COMMIT
        }

    def _receive_all(self) -> bool:
        """Receive pending events. Returns whether none is left; until then no worker can be called silent."""
        try:
            for _ in range(MAX_EVENTS_PER_CHECK):
                self._connection.drain_events(timeout=0.01)
        except TimeoutError:
            return True
        return False

    def _on_message(self, message: Message) -> None:
        event = _read_event(message)
        if event is None:
            return
        name = event["hostname"]
        if event["type"] == "worker-offline":
            self._last_heartbeats.pop(name, None)
            self._stopped.add(name)
            return
        if name not in self._last_heartbeats:
            self._started.add(name)
        self._stopped.discard(name)
        self._last_heartbeats[name] = self._now


def _commit() -> None:
    """Write to the WAL, and wait for the commit as every transaction does."""
    with db.operator_transaction():
        db.run("SELECT pg_logical_emit_message(true, 'orderx', 'heartbeats')", {})


def _read_event(message: Message) -> dict[str, Any] | None:
    """Read a worker event; None for others. Over Redis all events arrive, and task events as lists."""
    try:
        event: Any = message.decode()
    except (KombuError, ValueError) as error:
        log.warning("heartbeat not readable", error=type(error).__name__)
        return None
    is_worker_event = isinstance(event, dict) and str(event.get("type")).startswith("worker-")
    return event if is_worker_event and isinstance(event.get("hostname"), str) else None


def worker_slot(name: str) -> str:
    """The part of a worker's name that it shares with its replacement: the name without the process id.

    Only names generated by workers/run.py contain a process id.
    """
    generated = re.fullmatch(r"(.+)-\d+(@.+)", name)
    if generated and set(generated[1].split("+")) <= {*queues.NAMES, "all"}:
        return generated[1] + generated[2]
    return name


def _dead_worker_detail(name: str, last_heartbeat: datetime) -> dict[str, str]:
    return {"worker": name, "place": worker_slot(name), "last_heard": last_heartbeat.isoformat()}
