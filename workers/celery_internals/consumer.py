"""Celery's consumer, with three differences.

- Messages that cannot be decoded, or whose task is unknown, are dead-lettered. Celery acknowledges and loses the first
  kind, and logs the body of the second. A step of another release's saga goes back to the outbox instead.
- A lost broker connection is dropped without a closing handshake.
- Native delayed delivery is off.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import structlog
from celery.utils.log import get_logger
from celery.worker.consumer import Consumer
from kombu import Connection
from kombu.message import Message

from workers import broker
from workers.celery_internals.batching import read_ahead_of
from workers.tasks import unknown_tasks

log = structlog.get_logger()
celery_log = get_logger(__name__)


class DeadLetteringConsumer(Consumer):
    """The consumer of a worker. Celery calls these methods."""

    class Blueprint(Consumer.Blueprint):
        """Celery's boot steps without native delayed delivery, which no task here uses.

        With each new connection that step declares 28 queues at every URL of the broker, and tries four times to reach
        a node that is down, before the worker reads its first message.
        """

        default_steps: ClassVar = [step for step in Consumer.Blueprint.default_steps if "DelayedDelivery" not in step]

    _first_node = 0

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Drop the connection of the worker's event dispatcher, too, without a closing handshake.

        Celery would close it before it opens another one, and wait for the broker's answer. A hanging broker never
        answers.
        """
        if self.event_dispatcher and self.event_dispatcher.connection:
            self.event_dispatcher.connection.collect()
        self._first_node += 1
        super().on_connection_error_after_connected(exc)

    def connection_for_read(self, heartbeat: float | None = None) -> Connection:
        """Connect to a node; after a loss, to another node than the lost one."""
        url = broker.with_node_first(self.app.conf.broker_url, self._first_node)
        connection: Connection = self.ensure_connected(self.app.connection_for_read(url, heartbeat=heartbeat))
        self._first_node = broker.node_number(connection, self.app.conf.broker_url)
        return connection

    def connection_for_write(self, url: str | None = None, heartbeat: float | None = None) -> Connection:
        """Connect to the node from which the worker reads."""
        url = url or broker.with_node_first(self.app.conf.broker_url, self._first_node)
        connection: Connection = super().connection_for_write(url=url, heartbeat=heartbeat)
        return connection

    def create_task_handler(self, *args: Any, **named: Any) -> Callable[[Message], None]:
        """Create the callback for messages. It dead-letters a task name that is no string; Celery would raise."""
        handle = super().create_task_handler(*args, **named)

        def handle_named(message: Message) -> None:
            if isinstance((message.headers or {}).get("task", ""), str):
                handle(message)
            else:
                self._dead_letter(message)

        return handle_named

    def on_decode_error(self, message: Message, exc: Exception) -> None:
        """Dead-letter a message whose content type or encoding is not accepted, or is not its real one."""
        self._dead_letter(message, exc)

    def on_unknown_message(self, body: Any, message: Message) -> None:  # noqa: ARG002 - Celery's signature
        """Dead-letter a message without a task name."""
        self._dead_letter(message)

    def on_unknown_task(self, body: Any, message: Message, exc: Exception) -> None:  # noqa: ARG002
        """Put a step of another release's saga back into the outbox; dead-letter any other unknown task."""
        try:
            is_put_back = unknown_tasks.put_back(message)
        except Exception as error:  # noqa: BLE001 - it is logged; another release's sweeper re-sends what its saga needs
            exc, is_put_back = error, False
        if is_put_back:
            self._ack(message)
        else:
            self._dead_letter(message, exc)

    def on_invalid_task(self, body: Any, message: Message, exc: Exception) -> None:  # noqa: ARG002
        """Dead-letter a message that names a task but has no valid body for it."""
        self._dead_letter(message, exc)

    def _ack(self, message: Message) -> None:
        read_ahead = read_ahead_of(self)
        if read_ahead:
            read_ahead.acks.ack(message)
        else:
            message.ack_log_error(celery_log, self.connection_errors)

    def _dead_letter(self, message: Message, error: Exception | None = None) -> None:
        headers = message.headers or {}
        log.error("message dead-lettered", task=headers.get("task"), task_id=headers.get("id"), exc_info=error)
        read_ahead = read_ahead_of(self)
        if read_ahead:
            read_ahead.acks.reject(message, requeue=False)
        else:
            message.reject_log_error(celery_log, self.connection_errors)
