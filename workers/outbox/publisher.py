"""Publishing in batches: write all messages to the broker first, then wait for all their confirms."""

import contextlib
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any, Self

from amqp import spec
from kombu import Connection

from kit.errors import Unavailable
from kit.process import failpoints
from workers import broker, queues
from workers.outbox.messages import Message

BATCH_TIMEOUT = 90.0
"""Seconds for the confirms of a batch. A broker that is short of memory or disk accepts nothing for a while, and then
all of it; a publisher that has stopped waiting sends the batch a second time."""

CONFIRM_TIMEOUT = 10.0
"""Seconds without any confirm after which a node counts as lost, unless it has reported that it blocks the connection.
Quorum queues take about five seconds to elect new leaders."""


class NotConfirmed(Unavailable):
    """The broker did not confirm the messages; they stay in the outbox."""

    code = "not_confirmed"


@contextlib.contextmanager
def _corked(connection: Connection) -> Iterator[None]:
    """Send full TCP packets within the block: one packet per message would cost the broker a fifth more."""
    cork = getattr(socket, "TCP_CORK", None)  # Linux only
    if cork is None or connection.transport.driver_type != "amqp":
        yield
        return
    sock = connection.connection.transport.sock
    sock.setsockopt(socket.IPPROTO_TCP, cork, 1)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # the connection is closed; the error that closed it is being raised
            sock.setsockopt(socket.IPPROTO_TCP, cork, 0)


class Publisher:
    """One connection to one of the broker's nodes. Not thread-safe.

    `first_node` is the number of the URL that is tried first. As a context manager it drops the connection after an
    error without a closing handshake, because the node may hang.
    """

    def __init__(self, broker_url: str, *, first_node: int = 0) -> None:
        self._blocked = False
        options = broker.transport_options(broker_url)
        options = {**options, "on_blocked": self._on_blocked, "on_unblocked": self._on_unblocked}
        self._connection = Connection(
            broker.with_node_first(broker_url, first_node), transport_options=options,
            heartbeat=broker.HEARTBEAT_INTERVAL, connect_timeout=5,
        )  # fmt: skip
        self._connection.connect()
        self._last_confirm_at = time.monotonic()
        self._channel = self._connection.channel()
        queues.declare(self._channel)
        self._unconfirmed: set[int] = set()
        self._last_tag = 0
        self._heartbeat_checked_at = time.monotonic()
        self._returned: set[str] = set()
        self._confirms = hasattr(self._channel, "confirm_select")
        if self._confirms:
            self._channel.confirm_select()
            self._channel.events["basic_ack"].add(self._on_ack)
            self._channel.events["basic_nack"].add(self._on_nack)
            self._channel.events["basic_return"].add(self._on_return)

    def publish(self, messages: Sequence[Message], *, timeout: float = BATCH_TIMEOUT) -> set[str]:
        """Publish, and wait for the confirms: `timeout` seconds for all, CONFIRM_TIMEOUT for the next one.

        Returns the ids of messages that no queue took. Raises NotConfirmed, or the connection's error.
        """
        deadline = time.monotonic() + timeout
        self._returned.clear()
        with _corked(self._connection):
            for message in messages:
                self._send(message)
                failpoints.hit("outbox.half_published")
        failpoints.hit("outbox.published")
        self._last_confirm_at = time.monotonic()
        while self._unconfirmed:
            self._wait_for_a_confirm(deadline)
        failpoints.hit("outbox.confirmed")
        return set(self._returned)

    def keep_alive(self) -> None:
        """Exchange heartbeats while there is nothing to publish; raises when the broker's heartbeats do not arrive."""
        now = time.monotonic()
        if self._connection.supports_heartbeats and now - self._heartbeat_checked_at > 1.0:
            self._heartbeat_checked_at = now
            self._connection.heartbeat_check()
            with contextlib.suppress(TimeoutError):
                self._connection.drain_events(timeout=0.001)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._connection.release()
        else:
            self._connection.collect()

    def _send(self, message: Message) -> None:
        properties = dict(message.properties, delivery_mode=2, message_id=message.id)
        amqp_message = self._channel.prepare_message(
            message.body, content_type=message.content_type, content_encoding="utf-8", headers=message.headers,
            properties=properties,
        )  # fmt: skip
        exchange, routing_key, mandatory = message.exchange, message.routing_key, message.mandatory
        if not self._confirms:
            self._channel.basic_publish(amqp_message, exchange=exchange, routing_key=routing_key, mandatory=mandatory)
            return
        # As py-amqp's `basic_publish` does, which also reads from the socket before each message: a fifth of its time.
        # The broker's frames are read while publish() waits for the confirms.
        arguments = (0, exchange, routing_key, mandatory, False)
        self._channel.send_method(spec.Basic.Publish, "Bssbb", arguments, amqp_message)
        self._last_tag += 1
        self._unconfirmed.add(self._last_tag)

    def _wait_for_a_confirm(self, deadline: float) -> None:
        now = time.monotonic()
        if now > deadline or (not self._blocked and now > self._last_confirm_at + CONFIRM_TIMEOUT):
            raise NotConfirmed(f"timeout: the broker has not confirmed {len(self._unconfirmed)} messages")
        with contextlib.suppress(TimeoutError):
            self._connection.drain_events(timeout=1.0)
        self.keep_alive()

    def _on_blocked(self, _reason: str) -> None:
        self._blocked = True

    def _on_unblocked(self) -> None:
        self._blocked = False
        self._last_confirm_at = time.monotonic()

    def _on_ack(self, delivery_tag: int, multiple: bool) -> None:  # noqa: FBT001 - the transport calls it
        self._last_confirm_at = time.monotonic()
        if multiple:
            self._unconfirmed = {tag for tag in self._unconfirmed if tag > delivery_tag}
        else:
            self._unconfirmed.discard(delivery_tag)

    def _on_nack(self, delivery_tag: int, _multiple: bool) -> None:  # noqa: FBT001 - the transport calls it
        raise NotConfirmed(f"the broker refused message {delivery_tag}")

    def _on_return(self, _error: Exception, _exchange: str, _routing_key: str, message: Any) -> None:
        self._returned.add(message.properties["message_id"])
