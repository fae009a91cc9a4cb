"""What the broker gave up delivering: seen by an operator, and sent again on request."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kombu import Connection, Producer
from kombu.message import Message

from kit.config import settings
from kit.errors import Unavailable
from workers import queues
from workers.app import transport_options


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was not delivered: what it is, where it waited, and why it was given up."""

    id: str
    what: str
    queue: str
    reason: str
    times: int
    about: dict[str, Any]


def dead_letters(*, most: int = 100) -> list[DeadLetter]:
    """Look at the oldest dead letters; they stay where they are."""
    with _messages(most) as messages:
        return [_told(message) for message in messages]


def replay(*, ids: set[str] | None = None, most: int = 1000) -> list[DeadLetter]:
    """Send dead letters (those with these ids, or all) to where they came from, and say which it was."""
    sent = []
    with _messages(most) as messages:
        for message in messages:
            letter = _told(message)
            if ids is None or letter.id in ids:
                _send_back(message)
                sent.append(letter)
    return sent


@contextmanager
def _messages(most: int) -> Iterator[Iterator[Message]]:
    url = settings().need("broker_url")
    options = {**transport_options(url), "confirm_publish": True}
    with Connection(url, transport_options=options, connect_timeout=5) as connection:
        try:
            connection.ensure_connection(max_retries=1)
        except connection.connection_errors as gone:
            raise Unavailable(f"the broker does not answer: {gone}") from gone
        with connection.channel() as channel:
            queues.declare(channel)
            dead = queues.DEAD_LETTERS(channel)
            got = (dead.get(no_ack=False) for _ in range(most))
            yield iter(list(filter(None, got)))  # closing the channel puts back what was not acknowledged


def _send_back(message: Message) -> None:
    death = _death(message)
    properties = {
        name: message.properties[name] for name in ("correlation_id", "message_id") if name in message.properties
    }
    headers = {name: value for name, value in message.headers.items() if name not in {"x-death", "x-delivery-count"}}
    Producer(message.channel, auto_declare=False).publish(
        message.body, exchange=death["exchange"], routing_key=death["routing-keys"][0], headers=headers,
        content_type=message.content_type, content_encoding=message.content_encoding, delivery_mode=2,
        mandatory=True, **properties,
    )  # fmt: skip
    message.ack()  # only now: the publish above has waited for the broker's confirm


def _told(message: Message) -> DeadLetter:
    death, body = _death(message), json.loads(message.body)
    if "task" in message.headers:
        what, about, message_id = message.headers["task"], body[1], message.headers["id"]
    else:
        what, about, message_id = body["type"], body["data"], body["id"]
    return DeadLetter(
        id=message_id, what=what, queue=death["queue"], reason=death["reason"], times=death["count"], about=about
    )


def _death(message: Message) -> dict[str, Any]:
    death: dict[str, Any] = message.headers["x-death"][0]
    return death
