"""A worker touches its liveness file from its event loop; the container's health check reads the file's age."""

from typing import Any

from celery import bootsteps
from celery.worker.consumer import Consumer

from kit.process import liveness


class LivenessStep(bootsteps.StartStopStep):
    """Touches the liveness file from a timer of the event loop. Celery calls these methods."""

    requires = ("celery.worker.consumer.connection:Connection",)
    _timer: Any = None

    def start(self, consumer: Consumer) -> None:
        """Start the timer; called again after each reconnect."""
        self._timer = consumer.timer.call_repeatedly(liveness.INTERVAL, liveness.touch)

    def stop(self, _consumer: Consumer) -> None:
        """Stop the timer, when the connection is lost or the worker stops."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
