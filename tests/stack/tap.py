"""Receive a copy of every message that is published to the broker."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

from celery.events.event import get_exchange
from kombu import Connection, Producer, Queue

from workers import queues


class Tap:
    """A private queue, bound to all exchanges."""

    def __init__(self, channel: Any) -> None:
        self._queue = Queue(f"tap-{uuid4()}", exclusive=True, auto_delete=True)(channel)
        self._queue.declare()
        for exchange in (queues.TASK_EXCHANGE, queues.EVENT_EXCHANGE, get_exchange(channel.connection.client)):
            exchange(channel).declare()
            self._queue.bind_to(exchange, routing_key="#")
        self.messages: list[Any] = []

    def listen(self) -> list[Any]:
        """All messages so far, as raw AMQP messages."""
        while message := self._queue.get(no_ack=True):
            self.messages.append(message)
        return self.messages

    def publish_event(self, body: dict[str, Any]) -> None:
        """Publish an event as the relay would."""
        Producer(self._queue.channel, auto_declare=False).publish(
            json.dumps(body).encode(), exchange=queues.EVENT_EXCHANGE.name, routing_key=body["type"],
            content_type="application/cloudevents+json", content_encoding="utf-8",
        )  # fmt: skip

    def tasks(self) -> Counter[str]:
        """How often each task was sent, without runs of schedules, which come by the clock."""
        names = (message.headers["task"] for message in self.listen() if "task" in message.headers)
        return Counter(name for name in names if not name.startswith("background."))


@contextmanager
def tapped(url: str) -> Iterator[Tap]:
    """A tap on the broker at this URL."""
    with Connection(url) as connection, connection.channel() as channel:
        yield Tap(channel)
