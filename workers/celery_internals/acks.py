"""Batched acknowledgements: one frame for all finished messages of a channel, if no earlier message is unfinished.

A quorum queue writes one log entry for each acknowledgement frame. So one frame for a batch costs RabbitMQ a third, and
the worker two thirds, of one frame for each message.
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
    it is unknown.
    """

    finished_to: int | None
    finished: set[int] = field(default_factory=set)
    to_ack: list[Message] = field(default_factory=list)

    def advance(self) -> bool:
        """Move `finished_to` to the highest finished tag if no tag before that is unfinished.

        Returns False, now and at every later call, if an earlier tag was unfinished: `finished_to` is then None.
        """
        if self.finished_to is not None:
            last = max(self.finished)
            self.finished_to = last if last - self.finished_to == len(self.finished) else None
        self.finished.clear()
        return self.finished_to is not None


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
        channel.finished.add(message.delivery_tag)

    def reject(self, message: Message, *, requeue: bool) -> None:
        """Reject now; with `requeue` the broker redelivers the message, otherwise it dead-letters it."""
        message.reject_log_error(celery_log, self._errors, requeue=requeue)
        self._channels[message.channel].finished.add(message.delivery_tag)

    def ack(self, message: Message) -> None:
        """Acknowledge this message now."""
        message.ack_log_error(celery_log, self._errors)
        self._channels[message.channel].finished.add(message.delivery_tag)

    def flush(self) -> None:
        """Send the acknowledgements. A lost connection is logged; the broker then redelivers these messages."""
        for channel in self._channels.values():
            if channel.to_ack:
                self._flush(channel)

    def _flush(self, channel: _Channel) -> None:
        messages, channel.to_ack = channel.to_ack, []
        if channel.advance():
            last = max(messages, key=lambda message: message.delivery_tag)
            last.ack_log_error(celery_log, self._errors, multiple=True)
        else:
            for message in messages:
                message.ack_log_error(celery_log, self._errors)
