"""The events that tests publish: each is recorded, and validated against the AsyncAPI document."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from uuid import UUID

import orjson
from jsonschema import Draft7Validator, FormatChecker

from api.http import asyncapi
from kit import db
from kit.db import Json
from kit.messaging import outbox
from kit.messaging.cloud_events import CloudEvent


class PublishedEvents:
    """The CloudEvents that were committed since the test began, and what is wrong with those that were published."""

    def __init__(self) -> None:
        self.events: list[Json] = []
        self.problems: list[str] = []

    def __call__(self, name: str) -> list[Json]:
        """The payloads of the committed events of this name, the oldest first."""
        return [event["data"] for event in self.events if event["type"] == name]

    def sequence(self, subject: UUID) -> list[int]:
        """The sequence of the committed events about a subject, as far as they have one."""
        return [
            int(event["sequence"]) for event in self.events if event["subject"] == str(subject) and "sequence" in event
        ]

    @property
    def names(self) -> list[str]:
        """The names of the committed events, the oldest first."""
        return [event["type"] for event in self.events]


@contextmanager
def recorded() -> Iterator[PublishedEvents]:
    """Record the events that this process publishes within the block."""
    published, send_event = PublishedEvents(), outbox.send_event

    def record(event: CloudEvent) -> None:
        send_event(event)
        body = orjson.loads(db.as_json(event.as_json()))
        published.problems += problems(body)
        db.after_commit(partial(published.events.append, body))

    outbox.send_event = record
    try:
        yield published
    finally:
        outbox.send_event = send_event


def problems(event: Json) -> list[str]:
    """What is wrong with the event, according to the AsyncAPI document."""
    name = event["type"]
    if name not in asyncapi.document()["components"]["messages"]:
        return [f"{name} is not declared in domain/<area>/events.py"]
    return [f"{name}: {'.'.join(map(str, each.path))}: {each.message}" for each in _validator(name).iter_errors(event)]


@cache
def _validator(name: str) -> Draft7Validator:
    document = asyncapi.document()
    payload = document["components"]["messages"][name]["payload"]
    return Draft7Validator({**payload, "components": document["components"]}, format_checker=FormatChecker())
