"""How to connect to the broker: options for each kind of broker, and the choice among its nodes."""

from typing import Any
from urllib.parse import urlsplit

from kombu import Connection

Channel = Any
"""A channel of any kind of broker. The common base class in kombu lacks the methods that they share."""

HEARTBEAT_INTERVAL = 10
"""Seconds between two heartbeats on a connection to RabbitMQ. A peer without a heartbeat for twice as long is gone."""

REDIS_OPTIONS = {"visibility_timeout": 60, "unacked_restore_interval": 1}

AMQP_OPTIONS = {"read_timeout": 30, "write_timeout": 30}
"""Seconds. No publisher confirms: a worker itself publishes only task events (for Flower), a dozen per order. The relay
publishes what must not be lost, and waits for confirms (workers/outbox/publisher.py)."""


def transport_options(broker_url: str) -> dict[str, Any]:
    """Transport options with which the messages of a dead worker are redelivered."""
    return REDIS_OPTIONS if urlsplit(broker_url).scheme.startswith("redis") else AMQP_OPTIONS


def with_node_first(broker_url: str, number: int) -> str:
    """Rotate the broker's URLs, separated by semicolons, so that node `number` (modulo their count) comes first."""
    urls = broker_url.split(";")
    first = number % len(urls)
    return ";".join(urls[first:] + urls[:first])


def node_number(connection: Connection, broker_url: str) -> int:
    """The position in `broker_url` of the node that the connection leads to."""
    return [_address(Connection(url)) for url in broker_url.split(";")].index(_address(connection))


def _address(connection: Connection) -> tuple[str, int]:
    host, port = connection.hostname or "localhost", connection.port or connection.transport.default_port
    return "127.0.0.1" if host == "localhost" else host, int(port)  # py-amqp replaces `localhost` once connected
