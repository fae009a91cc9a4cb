"""Batched acknowledgements: one frame for all finished messages of a channel up to the first unfinished one.

A quorum queue writes one log entry for each acknowledgement frame. So one frame for a batch costs RabbitMQ a third, and
the worker two thirds, of one frame for each message. Messages that finish before an earlier one get a frame each.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from celery.utils.log import get_logger
from kombu.message import Message

celery_log = get_logger(__name__)


@dataclass(slots=True)
class _Channel:
    """The finished messages of a channel.

    Every delivery tag up to `finished_to` is finished, and so are the tags in `finished`. `finished_to` is None when
    tags do not count from 1.
    """

    finished_to: int | None
    finished: set[int] = field(default_factory=set)
    to_ack: list[Message] = field(default_factory=list)

    def finish(self, tag: int) -> None:
        """Count the message with this delivery tag as finished."""
        if self.finished_to is not None:
            self.finished.add(tag)

    def take(self) -> tuple[Message | None, list[Message]]:
        """Take the messages to acknowledge: the last one of those without a gap before them, and the others."""
        messages, self.to_ack = self.to_ack, []
        if self.finished_to is None:
            return None, messages
        while self.finished_to + 1 in self.finished:
            self.finished_to += 1
            self.finished.remove(self.finished_to)
        covered = [message for message in messages if message.delivery_tag <= self.finished_to]
        last = max(covered, key=lambda message: message.delivery_tag, default=None)
        return last, [message for message in messages if message.delivery_tag > self.finished_to]


class BatchedAcks:
    """Acknowledges the messages of one connection in batches. Not thread-safe."""

    def __init__(self, connection_errors: tuple[type[Exception], ...], *, sequential_tags: bool) -> None:
        """`sequential_tags`: whether delivery tags count from 1 on each channel, as in AMQP."""
        self._errors = connection_errors
        self._channels: dict[Any, _Channel] = defaultdict(lambda: _Channel(0 if sequential_tags else None))

    def add(self, message: Message) -> None:
        """Acknowledge this message at the next flush()."""
        channel = self._channels[message.channel]
        channel.to_ack.append(message)
        channel.finish(message.delivery_tag)

    def reject(self, message: Message, *, requeue: bool) -> None:
        """Reject now; with `requeue` the broker redelivers the message, otherwise it dead-letters it."""
        message.reject_log_error(celery_log, self._errors, requeue=requeue)
        self._channels[message.channel].finish(message.delivery_tag)

    def ack(self, message: Message) -> None:
        """Acknowledge this message now."""
        message.ack_log_error(celery_log, self._errors)
        self._channels[message.channel].finish(message.delivery_tag)

    def flush(self) -> None:
        """Send the acknowledgements. A lost connection is logged; the broker then redelivers these messages."""
        for channel in self._channels.values():
            if channel.to_ack:
                self._flush(channel)

    def _flush(self, channel: _Channel) -> None:
        last, others = channel.take()
        if last:
            last.ack_log_error(celery_log, self._errors, multiple=True)
        for message in others:
            message.ack_log_error(celery_log, self._errors)
