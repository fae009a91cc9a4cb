"""What the broker gave up delivering: seen by an operator, and sent again or thrown away on request."""

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
from workers.app import transport_options


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was not delivered: what it is, where it waited, and why it was given up.

    One that cannot be read has the digest of its body for an id, and is about nothing that could be told. One that
    somebody has published here by hand has come from nowhere: `times` is 0.
    """

    id: str
    what: str
    queue: str
    reason: str
    times: int
    about: Json


def dead_letters(*, most: int = 100) -> list[DeadLetter]:
    """Look at the oldest dead letters; they stay where they are."""
    with _waiting(most) as waiting:
        return [letter for letter, _ in waiting]


def replay(*, ids: set[str] | None = None, most: int = 1000) -> list[DeadLetter]:
    """Send dead letters (those with these ids, or all) to where they came from, and say which it was.

    Raises NotFound, and sends none, when one of the ids is not among the oldest `most` letters; Conflict when one of
    them has come from nowhere.
    """
    with _meant(ids, most) as meant:
        strays = [letter.id for letter, _ in meant if not letter.times]
        if ids and strays:
            raise Conflict(f"{', '.join(strays)} came from no queue: nothing can be sent back there, only discarded")
        sent = [(letter, message) for letter, message in meant if letter.times]
        for _, message in sent:
            _send_back(message)
    return [letter for letter, _ in sent]


def discard(ids: set[str], *, most: int = 1000) -> list[DeadLetter]:
    """Throw the dead letters with these ids away, and say which it was; raises NotFound as replay() does."""
    with _meant(ids, most) as meant:
        for _, message in meant:
            message.ack()
    return [letter for letter, _ in meant]


@contextmanager
def _meant(ids: set[str] | None, most: int) -> Iterator[list[tuple[DeadLetter, Message]]]:
    with _waiting(most) as waiting:
        unknown = (ids or set()) - {letter.id for letter, _ in waiting}
        if unknown:
            raise NotFound(f"no dead letter has the id {', '.join(sorted(unknown))}; see: orderx dead list")
        yield [(letter, message) for letter, message in waiting if ids is None or letter.id in ids]


@contextmanager
def _waiting(most: int) -> Iterator[list[tuple[DeadLetter, Message]]]:
    url = settings().require("broker_url")
    options = {**transport_options(url), "confirm_publish": True}
    with Connection(url, transport_options=options, connect_timeout=5) as connection:
        try:
            connection.ensure_connection(max_retries=len(url.split(";")))
        except (OperationalError, *connection.connection_errors, *connection.channel_errors) as gone:
            raise Unavailable(f"the broker does not answer: {gone}") from gone
        with connection.channel() as channel:
            queues.declare(channel)
            got = filter(None, (channel.basic_get(queues.DEAD_LETTERS.name) for _ in range(most)))
            letters = map(channel.message_to_python, got)
            yield [(_told(letter), letter) for letter in letters]  # closing the channel puts back what was not settled


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
    try:
        letter_id, what, about = _read(message)
    except (LookupError, TypeError, ValueError):
        letter_id, what, about = sha256(str_to_bytes(message.body)).hexdigest()[:16], "unreadable", {}
    try:
        death = _death(message)
        queue, reason, times = death["queue"], death["reason"], death["count"]
    except LookupError:  # somebody has published it here
        queue, reason, times = queues.DEAD_LETTERS.name, "published here", 0
    return DeadLetter(letter_id, what, queue=queue, reason=reason, times=times, about=about)


def _read(message: Message) -> tuple[str, str, Json]:
    """Its id, what it is and what about; raises LookupError, TypeError or ValueError when it is none of ours."""
    body = json.loads(message.body)
    if "task" in message.headers:
        letter_id, what, about = message.headers["id"], message.headers["task"], body[1]
    else:
        letter_id, what, about = body["id"], body["type"], body["data"]
    if not (isinstance(letter_id, str) and isinstance(what, str)):
        raise TypeError
    return letter_id, what, dict(about)


def _death(message: Message) -> Json:
    death: Json = message.headers["x-death"][0]
    return death
