"""Touches the liveness file from the worker's event loop, also while it reconnects to the broker."""

from typing import Any

from celery import bootsteps
from celery.worker.consumer import Consumer

from kit.process import liveness


class Liveness(bootsteps.StartStopStep):
    """Touches the file from the timer of the worker's event loop; Celery calls these methods."""

    requires = ("celery.worker.consumer.connection:Connection",)
    _timer: Any = None

    def start(self, consumer: Consumer) -> None:
        """Begin; called again after each loss of the connection."""
        self._timer = consumer.timer.call_repeatedly(liveness.INTERVAL, liveness.touch)

    def stop(self, _consumer: Consumer) -> None:
        """End, when the connection is lost or the worker stops."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
