"""Celery's consumer, except that a message it can do nothing with is set aside among the dead letters.

Celery loses what it cannot decode, and writes what it does not know into the log, whatever it may hold.
"""

from collections.abc import Callable
from typing import Any

import structlog
from celery.utils.log import get_logger
from celery.worker.consumer import Consumer
from kombu.message import Message

from workers.gathering import gathering_of

log = structlog.get_logger()
celery_log = get_logger(__name__)


class KeepingConsumer(Consumer):
    """What one worker reads its tasks with; Celery calls these when a message is none that it could run."""

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
