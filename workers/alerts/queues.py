"""Alerts about queues whose messages are not consumed, found from the queues' lengths."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kombu.exceptions import ChannelError

from kit import alerts, db
from kit.db import Json
from workers import broker, queues

MAX_WAIT_WITHOUT_CONSUMER = timedelta(seconds=10)
"""How long messages may wait in a queue without a consumer: longer than the restart of a worker."""

MAX_WAIT_WITHOUT_PROGRESS = timedelta(seconds=60)
"""How long a queue with consumers may keep a backlog that never shrinks."""


@dataclass(slots=True)
class Backlog:
    """The length of a queue, and the time (UTC) since which the queue has not become shorter."""

    messages: int
    stalled_since: datetime


class QueueMonitor:
    """Remembers the queues' lengths. `counts_consumers`: whether the broker reports the number of consumers."""

    def __init__(self, *, counts_consumers: bool) -> None:
        self._counts_consumers = counts_consumers
        self._backlogs: dict[str, Backlog] = {}

    def check(self, channel: broker.Channel, *, now: datetime) -> None:
        """Read the length of every queue; open and close alerts."""
        overdue: dict[str, Json] = {}
        moving = set()
        for queue in (*queues.ALL, queues.DEAD_LETTER_QUEUE):
            messages, has_consumers = self._length(channel, queue.name)
            max_wait = MAX_WAIT_WITHOUT_PROGRESS if has_consumers else MAX_WAIT_WITHOUT_CONSUMER
            backlog = self._backlogs.setdefault(queue.name, Backlog(messages, now))
            if messages == 0 or (messages < backlog.messages and has_consumers):
                backlog.stalled_since = now
                moving.add(queue.name)
            elif now - backlog.stalled_since >= max_wait:
                overdue[queue.name] = {"queue": queue.name, "messages": messages, "has_consumers": has_consumers}
            backlog.messages = messages
        with db.operator_transaction():
            alerts.trigger("queue_stalled", overdue)
            alerts.close("queue_stalled", moving)

    def _length(self, channel: broker.Channel, name: str) -> tuple[int, bool]:
        """(number of messages, whether there are consumers or their number is unknown)."""
        try:
            queue = channel.queue_declare(name, passive=True)
        except ChannelError:
            if self._counts_consumers:
                raise
            return 0, True  # in Redis an empty queue does not exist
        return queue.message_count, not self._counts_consumers or queue.consumer_count > 0
