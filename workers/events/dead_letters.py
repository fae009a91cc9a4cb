"""Dead letters: messages that the broker could not deliver. An operator can list, replay or discard them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from kombu import Connection, Producer
from kombu.exceptions import OperationalError
from kombu.message import Message
from kombu.utils.encoding import str_to_bytes

from kit.config import settings
from kit.db import Json
from kit.errors import Conflict, NotFound, Unavailable
from workers import queues
from workers.broker import transport_options


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that could not be delivered: what it is, its queue, and the broker's reason.

    `name` is a task's name or an event's type, `payload` the task's arguments or the event's data. The id of an
    unreadable message is the digest of its body. `deaths` says how often it was dead-lettered; 0 means that somebody
    has published it to the dead-letter exchange.
    """

    id: str
    name: str
    queue: str
    reason: str
    deaths: int
    payload: Json


def list_dead_letters(*, limit: int = 100) -> list[DeadLetter]:
    """List the oldest dead letters. They stay in the queue."""
    with _take_oldest(limit) as letters:
        return [letter for letter, _ in letters]


def replay(*, ids: set[str] | None = None, limit: int = 1000) -> list[DeadLetter]:
    """Send dead letters (those with these ids, or all) back to their queues. Returns the letters sent.

    Sends none and raises NotFound when an id is not among the oldest `limit` letters, and Conflict when one of the
    letters has no queue to return to.
    """
    with _take_selected(ids, limit) as selected:
        without_queue = [letter.id for letter, _ in selected if not letter.deaths]
        if ids and without_queue:
            raise Conflict(f"{', '.join(without_queue)} came from no queue: it can only be discarded")
        replayable = [(letter, message) for letter, message in selected if letter.deaths]
        for _, message in replayable:
            _send_back(message)
    return [letter for letter, _ in replayable]


def discard(ids: set[str], *, limit: int = 1000) -> list[DeadLetter]:
    """Delete the dead letters with these ids. Returns them. Raises NotFound as replay() does."""
    with _take_selected(ids, limit) as selected:
        for _, message in selected:
            message.ack()
    return [letter for letter, _ in selected]


@contextmanager
def _take_selected(ids: set[str] | None, limit: int) -> Iterator[list[tuple[DeadLetter, Message]]]:
    with _take_oldest(limit) as letters:
        unknown = (ids or set()) - {letter.id for letter, _ in letters}
        if unknown:
            raise NotFound(f"no dead letter has the id {', '.join(sorted(unknown))}; see: orderx dead list")
        yield [(letter, message) for letter, message in letters if ids is None or letter.id in ids]


@contextmanager
def _take_oldest(limit: int) -> Iterator[list[tuple[DeadLetter, Message]]]:
    url = settings().require("broker_url")
    options = {**transport_options(url), "confirm_publish": True}
    with Connection(url, transport_options=options, connect_timeout=5) as connection:
        try:
            connection.ensure_connection(max_retries=len(url.split(";")))
        except (OperationalError, *connection.connection_errors, *connection.channel_errors) as error:
            raise Unavailable(f"the broker does not answer: {error}") from error
        with connection.channel() as channel:
            queues.declare(channel)
            received = filter(None, (channel.basic_get(queues.DEAD_LETTER_QUEUE.name) for _ in range(limit)))
            messages = map(channel.message_to_python, received)
            yield [(_describe(message), message) for message in messages]
            # Closing the channel requeues the messages that were not acknowledged.


def _send_back(message: Message) -> None:
    death = _last_death(message)
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


def _describe(message: Message) -> DeadLetter:
    try:
        letter_id, name, payload = _read_message(message)
    except (LookupError, TypeError, ValueError, RecursionError):  # the last of deeply nested JSON
        letter_id, name, payload = sha256(str_to_bytes(message.body)).hexdigest()[:16], "unreadable", {}
    try:
        death = _last_death(message)
        queue, reason, deaths = death["queue"], death["reason"], death["count"]
    except LookupError:  # published to the dead-letter exchange by hand
        queue, reason, deaths = queues.DEAD_LETTER_QUEUE.name, "published here", 0
    return DeadLetter(letter_id, name, queue=queue, reason=reason, deaths=deaths, payload=payload)


def _read_message(message: Message) -> tuple[str, str, Json]:
    """(id, name, payload); raises LookupError, TypeError or ValueError when the message is not one of OrderX."""
    body = json.loads(message.body)
    if "task" in message.headers:
        letter_id, name, payload = message.headers["id"], message.headers["task"], body[1]
    else:
        letter_id, name, payload = body["id"], body["type"], body["data"]
    if not (isinstance(letter_id, str) and isinstance(name, str)):
        raise TypeError
    return letter_id, name, dict(payload)


def _last_death(message: Message) -> Json:
    death: Json = message.headers["x-death"][0]
    return death
