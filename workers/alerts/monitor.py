"""The alert checks, in a thread of each sweeper, so that a slow check delays no sweeping."""

import itertools
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog
from kombu import Connection

from kit import clock
from kit.config import settings
from workers import broker, queues
from workers.alerts import database, failed_jobs
from workers.alerts.delivery import Webhook, deliver
from workers.alerts.heartbeats import HeartbeatMonitor
from workers.alerts.queues import QueueMonitor
from workers.alerts.schedules import ScheduleMonitor

CHECK_INTERVAL = 1.0
"""Seconds between two rounds of checks."""

QUEUE_CHECK_INTERVAL = timedelta(seconds=10)

BROKER_TIMEOUT = {"read_timeout": 5}
"""Seconds that a node may take for an answer; then the next node is asked."""

log = structlog.get_logger()


def start(stopping: threading.Event) -> threading.Thread:
    """Run the checks in a thread until `stopping` is set. Raises NotConfigured when the webhook has no secret."""
    thread = threading.Thread(target=_run, args=(stopping, _webhook()), name="alerts", daemon=True)
    thread.start()
    return thread


def _run(stopping: threading.Event, webhook: Webhook | None) -> None:
    checks: list[Callable[[], None]] = [
        database.check,
        ScheduleMonitor().check,
        failed_jobs.check,
        partial(deliver, webhook),
    ]
    if settings().broker_url:
        checks.insert(0, BrokerMonitor(settings().require("broker_url")).check)
    while not stopping.wait(CHECK_INTERVAL):
        for check in checks:
            try:
                check()
            except Exception as error:  # noqa: BLE001 - the other checks run all the same, and this one again later
                log.warning("alert check failed", reason=str(error), error=type(error).__name__)


class BrokerMonitor:
    """Checks workers and queues over one connection to the broker. After an error it connects to the next node."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Connection | None = None
        self._nodes = itertools.count()
        self._queues_due = clock.now()

    def check(self) -> None:
        """Check the workers' heartbeats, and every QUEUE_CHECK_INTERVAL the queues. Raises the connection's errors."""
        try:
            connection = self._connection or self._connect()
            if connection.supports_heartbeats:
                connection.heartbeat_check()
            now = clock.now()
            self._heartbeats.check(now=now)
            if now >= self._queues_due:
                self._queues_due = now + QUEUE_CHECK_INTERVAL
                self._queues.check(connection.default_channel, now=now)
        except Exception:
            self.disconnect()
            raise

    def disconnect(self) -> None:
        """Drop the connection and what is known of workers: their silence proves nothing while nobody listens."""
        connection, self._connection = self._connection, None
        if connection:
            connection.collect()

    def _connect(self) -> Connection:
        # Assigned before it is opened, so that disconnect() drops it if a later step fails.
        connection = self._connection = Connection(
            broker.with_node_first(self._url, next(self._nodes)),
            transport_options={**broker.transport_options(self._url), **BROKER_TIMEOUT},
            heartbeat=broker.HEARTBEAT_INTERVAL,
            connect_timeout=5,
        )
        connection.connect()
        queues.declare(connection.default_channel)
        self._heartbeats = HeartbeatMonitor(connection)
        self._queues = QueueMonitor(counts_consumers=connection.transport.driver_type == "amqp")
        self._queues_due = clock.now()
        return connection


def _webhook() -> Webhook | None:
    url = settings().alert_webhook_url
    if url is None:
        return None
    return Webhook(url.get_secret_value(), settings().require("alert_webhook_secret"))
