"""Acknowledging what is done: all of a channel with one frame, where nobody else holds an earlier message of it.

A quorum queue writes every acknowledgement to its log, one for many messages as one. So a batch costs RabbitMQ a third,
and the worker two thirds, of what its messages cost one by one.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from celery.utils.log import get_logger
from kombu.message import Message

celery_log = get_logger(__name__)


@dataclass(slots=True)
class _Channel:
    """All messages up to the tag `settled` are, and after it those in `ended`; None where that cannot be told."""

    settled: int | None
    ended: set[int] = field(default_factory=set)
    done: list[Message] = field(default_factory=list)

    def settle(self) -> bool:
        """Take what has ended for settled, if no message before the last of it is anybody else's; whether that is so.

        Once one is, it cannot be told any more, for good.
        """
        if self.settled is not None:
            last = max(self.ended)
            self.settled = last if last - self.settled == len(self.ended) else None
        self.ended.clear()
        return self.settled is not None


class Receipts:
    """What is done of one connection's messages and not acknowledged yet. Not for use by two threads."""

    def __init__(self, connection_errors: tuple[type[Exception], ...], *, numbered: bool) -> None:
        """`numbered`: whether each channel counts its deliveries from 1, as AMQP's do."""
        self._errors = connection_errors
        self._channels: dict[Any, _Channel] = defaultdict(lambda: _Channel(0 if numbered else None))

    def done(self, message: Message) -> None:
        """Have it acknowledged when the receipts are sent."""
        channel = self._channels[message.channel]
        channel.done.append(message)
        channel.ended.add(message.delivery_tag)

    def reject(self, message: Message, *, requeue: bool) -> None:
        """Give it back now, to be delivered again or to lie among the dead letters."""
        message.reject_log_error(celery_log, self._errors, requeue=requeue)
        self._channels[message.channel].ended.add(message.delivery_tag)

    def send(self) -> None:
        """Acknowledge all that is done; a connection that is lost is logged, and has it all delivered again."""
        for channel in self._channels.values():
            if channel.done:
                self._send(channel)

    def _send(self, channel: _Channel) -> None:
        done, channel.done = channel.done, []
        if channel.settle():
            last = max(done, key=lambda message: message.delivery_tag)
            last.ack_log_error(celery_log, self._errors, multiple=True)
        else:
            for message in done:
                message.ack_log_error(celery_log, self._errors)
