"""Broker connections that reconnect quickly."""

from collections.abc import Callable
from typing import Any

from celery.app.amqp import AMQP
from kombu import Connection

from kit.process import liveness


class FastReconnectConnection(Connection):
    """A connection that retries a lost broker at least every two seconds; kombu's pauses grow to half a minute."""

    def ensure_connection(self, errback: Callable[..., Any] | None = None, *args: Any, **named: Any) -> Any:
        """Connect, and touch the liveness file after each failed attempt. See kombu."""

        def on_failed_attempt(*failure: Any) -> Any:
            liveness.touch()
            return errback(*failure) if errback else None

        return super().ensure_connection(  # type: ignore[no-untyped-call]
            on_failed_attempt, *args, interval_start=0.5, interval_step=0.5, interval_max=2, **named
        )


class FastReconnectAMQP(AMQP):
    """Celery's AMQP layer, with these connections."""

    Connection = FastReconnectConnection
