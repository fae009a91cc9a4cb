"""The rounds of the alarms, on a thread of their own in every sweeper: whatever they wait for, sweeping goes on."""

import itertools
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog
from kombu import Connection

from kit import clock
from kit.config import settings
from workers import queues
from workers.alarms import database
from workers.alarms.heartbeats import Heartbeats
from workers.alarms.queues import QueueWatch
from workers.alarms.telling import Webhook, tell
from workers.app import HEARTBEAT, from_node, transport_options

EVERY = 1.0
"""Seconds between two rounds."""

LOOK_AT_QUEUES_EVERY = timedelta(seconds=10)

ANSWER_TIMEOUT = {"read_timeout": 5}
"""Seconds that a node may take for an answer; then the next one is asked."""

log = structlog.get_logger()


def start(stopping: threading.Event) -> threading.Thread:
    """Go round until `stopping` is set. Raises NotConfigured when a setting is missing that another one asks for."""
    thread = threading.Thread(target=_go_round, args=(stopping, _webhook()), name="alarms", daemon=True)
    thread.start()
    return thread


def _go_round(stopping: threading.Event, webhook: Webhook | None) -> None:
    parts: list[Callable[[], None]] = [database.look, partial(tell, webhook)]
    if settings().broker_url:
        parts.insert(0, BrokerWatch(settings().require("broker_url")).look)
    while not stopping.wait(EVERY):
        for part in parts:
            try:
                part()
            except Exception as trouble:  # noqa: BLE001 - the other parts may work, and the next round may, too
                log.warning("the alarms wait", reason=str(trouble), error=type(trouble).__name__)


class BrokerWatch:
    """What is seen and heard at the broker, over a connection that is made again, to the next node, when it is lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None
        self._nodes = itertools.count()

    def look(self) -> None:
        """Listen for heartbeats, and look at the queues now and then. Raises what the connection raises."""
        try:
            connection = self._connection or self._connect()
            if connection.supports_heartbeats:
                connection.heartbeat_check()
            now = clock.now()
            self._heartbeats.look(now=now)
            if now >= self._queues_due:
                self._queues_due = now + LOOK_AT_QUEUES_EVERY
                self._queues.look(connection.default_channel, now=now)
        except Exception:
            self.leave()
            raise

    def leave(self) -> None:
        """Let go of the connection, and forget who was heard on it: nobody is dead because we were deaf."""
        connection, self._connection = self._connection, None
        if connection:
            connection.collect()

    def _connect(self) -> Connection:
        # Ours from here on, so that leave() lets go of it if what follows fails.
        connection = self._connection = Connection(
            from_node(self._url, next(self._nodes)),
            transport_options={**transport_options(self._url), **ANSWER_TIMEOUT},
            heartbeat=HEARTBEAT,
            connect_timeout=5,
        )
        connection.connect()
        queues.declare(connection.default_channel)
        self._heartbeats = Heartbeats(connection)
        self._queues = QueueWatch(counts_consumers=connection.transport.driver_type == "amqp")
        self._queues_due = clock.now()
        return connection


def _webhook() -> Webhook | None:
    url = settings().alert_webhook_url
    if url is None:
        return None
    return Webhook(url.get_secret_value(), settings().require("alert_webhook_secret"))
