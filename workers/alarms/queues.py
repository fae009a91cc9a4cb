"""Queues whose messages nobody takes, seen from their lengths."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from kombu.exceptions import ChannelError
from kombu.transport.base import StdChannel

from kit import alerts, db
from kit.db import Json
from workers import queues

NOBODY = timedelta(seconds=10)
"""How long messages may wait in a queue without a consumer: a worker that is restarted is back by then."""

STANDSTILL = timedelta(seconds=60)
"""How long the backlog of a queue that has consumers may be without ever becoming shorter."""


@dataclass(slots=True)
class Backlog:
    """How many messages wait, and since when (UTC) that number has not fallen."""

    messages: int
    since: datetime


class QueueWatch:
    """Remembers how the backlogs went. `counts_consumers`: whether the broker tells how many there are."""

    def __init__(self, *, counts_consumers: bool) -> None:
        self._counts_consumers = counts_consumers
        self._backlogs: dict[str, Backlog] = {}

    def look(self, channel: StdChannel, *, now: datetime) -> None:
        """Ask for the length of every queue; open and close the alerts about them."""
        stalled: dict[str, Json] = {}
        moving = set()
        for queue in (*queues.ALL, queues.DEAD_LETTERS):
            messages, abandoned = self._length(channel, queue.name)
            backlog = self._backlogs.setdefault(queue.name, Backlog(messages, now))
            if messages == 0 or (messages < backlog.messages and not abandoned):
                backlog.since = now
                moving.add(queue.name)
            elif now - backlog.since >= (NOBODY if abandoned else STANDSTILL):
                stalled[queue.name] = {"queue": queue.name, "messages": messages, "has_consumers": not abandoned}
            backlog.messages = messages
        with db.operator_transaction():
            alerts.trigger("queue_stalled", stalled)
            alerts.close("queue_stalled", moving)

    def _length(self, channel: StdChannel, name: str) -> tuple[int, bool]:
        """(messages that wait, whether nobody is there to take them)."""
        try:
            told = channel.queue_declare(name, passive=True)
        except ChannelError:
            if self._counts_consumers:
                raise
            return 0, False  # in Redis a queue that is empty is not there at all
        return told.message_count, self._counts_consumers and told.consumer_count == 0
