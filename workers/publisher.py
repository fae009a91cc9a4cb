"""Publishing in batches: everything is written to the broker first, then all confirms are waited for at once."""

import contextlib
import socket
import time
from collections.abc import Iterator, Sequence
from typing import Any, Self

from kombu import Connection

from kit.errors import Unavailable
from kit.process import failpoints
from workers import queues
from workers.app import HEARTBEAT, from_node, transport_options
from workers.messages import Message

PATIENCE = 90.0
"""Seconds for a batch. A broker that is short of memory or disk takes nothing for a while, and all of it in the end:
whoever gives up on it meanwhile sends that again."""

CONFIRM_TIMEOUT = 10.0
"""Seconds without any confirm after which a node is given up, unless it has told that it blocks the connection. An
election of new leaders for quorum queues takes about five."""


class NotConfirmed(Unavailable):
    """The broker did not confirm what was published; it stays in the outbox."""

    code = "not_confirmed"


@contextlib.contextmanager
def _in_full_packets(connection: Connection) -> Iterator[None]:
    """Has what is written meanwhile fill its packets: a packet a message would cost the broker a fifth more."""
    held_back = getattr(socket, "TCP_CORK", None)  # Linux has it
    if held_back is None or connection.transport.driver_type != "amqp":
        yield
        return
    at = connection.connection.transport.sock
    at.setsockopt(socket.IPPROTO_TCP, held_back, 1)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # gone with its connection, of which the error that ended it tells
            at.setsockopt(socket.IPPROTO_TCP, held_back, 0)


class Publisher:
    """One connection to one of the broker's nodes. Not for use by two threads.

    `first_node` says by number which of the URLs is tried first. Used with `with`: after an error the connection is
    dropped without waiting for the node, which may be what hangs.
    """

    def __init__(self, broker_url: str, *, first_node: int = 0) -> None:
        self._blocked = False
        options = {**transport_options(broker_url), "on_blocked": self._on_blocked, "on_unblocked": self._on_unblocked}
        self._connection = Connection(
            from_node(broker_url, first_node), transport_options=options, heartbeat=HEARTBEAT, connect_timeout=5
        )
        self._connection.connect()
        self._heard_at = time.monotonic()
        self._channel = self._connection.channel()
        queues.declare(self._channel)
        self._unconfirmed: set[int] = set()
        self._last_tag = 0
        self._looked_at = time.monotonic()
        self._returned: set[str] = set()
        self._confirms = hasattr(self._channel, "confirm_select")
        if self._confirms:
            self._channel.confirm_select()
            self._channel.events["basic_ack"].add(self._on_ack)
            self._channel.events["basic_nack"].add(self._on_nack)
            self._channel.events["basic_return"].add(self._on_return)

    def publish(self, messages: Sequence[Message], *, patience: float = PATIENCE) -> set[str]:
        """Publish and wait for the confirms: `patience` seconds in all, CONFIRM_TIMEOUT for the next one.

        Returns the ids of messages that found no queue. Raises NotConfirmed, or what the connection raises.
        """
        give_up_at = time.monotonic() + patience
        self._returned.clear()
        with _in_full_packets(self._connection):
            for message in messages:
                self._send(message)
                failpoints.hit("outbox.half_published")
        failpoints.hit("outbox.published")
        self._heard_at = time.monotonic()
        while self._unconfirmed:
            self._wait_for_a_confirm(give_up_at)
        failpoints.hit("outbox.confirmed")
        return set(self._returned)

    def keep_alive(self) -> None:
        """Answer the broker's heartbeats while there is nothing to publish; raises once the broker's do not come."""
        now = time.monotonic()
        if self._connection.supports_heartbeats and now - self._looked_at > 1.0:
            self._looked_at = now
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
        made = self._channel.prepare_message(
            message.body, content_type=message.content_type, content_encoding="utf-8", headers=message.headers,
            properties=properties,
        )  # fmt: skip
        self._channel.basic_publish(
            made, exchange=message.exchange, routing_key=message.routing_key, mandatory=message.mandatory
        )
        if self._confirms:
            self._last_tag += 1
            self._unconfirmed.add(self._last_tag)

    def _wait_for_a_confirm(self, give_up_at: float) -> None:
        now = time.monotonic()
        if now > give_up_at or (not self._blocked and now > self._heard_at + CONFIRM_TIMEOUT):
            raise NotConfirmed(f"the broker took its time too long: {len(self._unconfirmed)} messages are unconfirmed")
        with contextlib.suppress(TimeoutError):
            self._connection.drain_events(timeout=1.0)
        self.keep_alive()

    def _on_blocked(self, _reason: str) -> None:
        self._blocked = True

    def _on_unblocked(self) -> None:
        self._blocked = False
        self._heard_at = time.monotonic()

    def _on_ack(self, delivery_tag: int, multiple: bool) -> None:  # noqa: FBT001 - the transport calls it
        self._heard_at = time.monotonic()
        if multiple:
            self._unconfirmed = {tag for tag in self._unconfirmed if tag > delivery_tag}
        else:
            self._unconfirmed.discard(delivery_tag)

    def _on_nack(self, delivery_tag: int, _multiple: bool) -> None:  # noqa: FBT001 - the transport calls it
        raise NotConfirmed(f"the broker refused message {delivery_tag}")

    def _on_return(self, _error: Exception, _exchange: str, _routing_key: str, message: Any) -> None:
        self._returned.add(message.properties["message_id"])
