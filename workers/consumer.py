"""Celery's consumer, with three differences.

A message that it cannot decode or does not know is set aside among the dead letters: Celery loses the one, and writes
the other into the log. A broker that is lost is left without a goodbye. There is no native delayed delivery.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import structlog
from celery.utils.log import get_logger
from celery.worker.consumer import Consumer
from kombu import Connection
from kombu.message import Message

from workers.app import from_node, node_of
from workers.gathering import gathering_of

log = structlog.get_logger()
celery_log = get_logger(__name__)


class KeepingConsumer(Consumer):
    """What one worker reads its tasks with; Celery calls these methods."""

    class Blueprint(Consumer.Blueprint):
        """Celery's steps without native delayed delivery, which no task here uses.

        With each new connection that step declares 28 queues at every URL of the broker, and tries four times to reach
        one that is down, before the worker reads its first message.
        """

        default_steps: ClassVar = [step for step in Consumer.Blueprint.default_steps if "DelayedDelivery" not in step]

    _first_node = 0

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Drop the connection of the worker's own events, too, without a word to the broker.

        Celery closes it before it opens another one, and waits for the answer. A broker that hangs gives none.
        """
        if self.event_dispatcher and self.event_dispatcher.connection:
            self.event_dispatcher.connection.collect()
        self._first_node += 1
        super().on_connection_error_after_connected(exc)

    def connection_for_read(self, heartbeat: float | None = None) -> Connection:
        """Connect to a node, and after a loss to another one than the one that was lost."""
        url = from_node(self.app.conf.broker_url, self._first_node)
        connection = self.ensure_connected(self.app.connection_for_read(url, heartbeat=heartbeat))
        self._first_node = node_of(connection, self.app.conf.broker_url)
        return connection

    def connection_for_write(self, url: str | None = None, heartbeat: float | None = None) -> Connection:
        """Connect to the node that the worker reads from."""
        url = url or from_node(self.app.conf.broker_url, self._first_node)
        return super().connection_for_write(url=url, heartbeat=heartbeat)

    def create_task_handler(self, *args: Any, **named: Any) -> Callable[[Message], None]:
        """What is called with each message; Celery would look for a task by whatever stands for its name."""
        handle = super().create_task_handler(*args, **named)

        def handle_named(message: Message) -> None:
            if isinstance((message.headers or {}).get("task", ""), str):
                handle(message)
            else:
                self._set_aside(message)

        return handle_named

    def on_decode_error(self, message: Message, exc: Exception) -> None:
        """It says that it is of a kind that is not read here, or is not what it says."""
        self._set_aside(message, exc)

    def on_unknown_message(self, body: Any, message: Message) -> None:  # noqa: ARG002 - Celery's signature
        """It names no task."""
        self._set_aside(message)

    def on_unknown_task(self, body: Any, message: Message, exc: Exception) -> None:  # noqa: ARG002
        """It is of another version, say: once all workers are of that one it can be replayed."""
        self._set_aside(message, exc)

    def on_invalid_task(self, body: Any, message: Message, exc: Exception) -> None:  # noqa: ARG002
        """It names a task, and is not one."""
        self._set_aside(message, exc)

    def _set_aside(self, message: Message, error: Exception | None = None) -> None:
        headers = message.headers or {}
        log.error("a message was set aside", task=headers.get("task"), task_id=headers.get("id"), exc_info=error)
        gathering = gathering_of(self)
        if gathering:
            gathering.receipts.reject(message, requeue=False)
        else:
            message.reject_log_error(celery_log, self.connection_errors)
