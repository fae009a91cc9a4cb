"""Heartbeats while a batch runs: the event loop, which usually sends them, waits for the batch."""

import time
from contextlib import suppress

from celery.worker.consumer import Consumer


class BatchHeartbeats:
    """Sends the heartbeats of a worker without a pool, and those of its connection to RabbitMQ."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._connection = consumer.connection
        self._worker_heartbeat_at = self._connection_heartbeat_at = time.monotonic()

    def send_due(self) -> None:
        """Send the heartbeats that are due. A lost connection raises nothing: it does not end the batch."""
        now = time.monotonic()
        heart = self._consumer.heart
        if heart and now - self._worker_heartbeat_at > heart.interval:
            self._worker_heartbeat_at = now
            self._consumer.event_dispatcher.send("worker-heartbeat", freq=heart.interval)
        with suppress(*self._consumer.connection_errors):
            self._send_connection_heartbeat(now)

    def _send_connection_heartbeat(self, now: float) -> None:
        """Send AMQP's heartbeat twice per interval.

        After two intervals without one RabbitMQ closes the connection, and redelivers the messages of the batch.
        """
        interval = self._connection.get_heartbeat_interval()  # seconds, as negotiated; 0 without heartbeats
        if interval and now - self._connection_heartbeat_at > interval / 2:
            self._connection_heartbeat_at = now
            self._connection.connection.send_heartbeat()
