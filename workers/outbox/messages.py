"""The messages of an outbox row: a Celery task (protocol 2), the headers of a chord, or a CloudEvent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from celery import Celery

from kit.db import Json
from workers import queues


@dataclass(frozen=True, slots=True)
class Message:
    """A message, ready to publish. A `mandatory` message (a task) needs a queue; an event without one is dropped."""

    id: str
    exchange: str
    routing_key: str
    body: bytes
    content_type: str
    headers: dict[str, Any]
    properties: dict[str, Any]
    mandatory: bool


def build_messages(app: Celery, kind: str, body: Json) -> Iterator[Message]:
    """Build the messages of an outbox row of this kind (`event`, `task` or `chord`)."""
    if kind == "event":
        yield _event(body)
    elif kind == "task":
        yield _task(app, body)
    else:
        yield from _chord(app, body)


def _event(body: Json) -> Message:
    return Message(
        id=body["id"], exchange=queues.EVENT_EXCHANGE.name, routing_key=body["type"], body=orjson.dumps(body),
        content_type="application/cloudevents+json", headers={}, properties={}, mandatory=False,
    )  # fmt: skip


def _chord(app: Celery, body: Json) -> Iterator[Message]:
    # A header task refers to its chord by the signature of the chord's body. Celery's `chord` would copy all of them
    # twice.
    task = body["body"]
    signature = app.signature(task["task"], kwargs=task["kwargs"], immutable=True, task_id=task["id"])
    for index, header in enumerate(body["header"]):
        yield _task(app, header, group_id=body["id"], group_index=index, chord=signature)


def _task(app: Celery, task: Json, **chord_options: Any) -> Message:
    celery_message = app.amqp.as_task_v2(
        task["id"], task["task"], kwargs=task["kwargs"], root_id=task.get("root"), ignore_result=True,
        argsrepr="()", kwargsrepr=repr(task["kwargs"]), **chord_options,
    )  # fmt: skip
    # Headers that are None are left out, since they cost as much to transfer as others.
    headers = {name: value for name, value in celery_message.headers.items() if value is not None}
    if "requestid" in task:
        headers["requestid"] = task["requestid"]
    return Message(
        id=task["id"], exchange=queues.TASK_EXCHANGE.name, routing_key=task["task"],
        body=orjson.dumps(celery_message.body), content_type="application/json", headers=headers,
        properties=celery_message.properties, mandatory=True,
    )  # fmt: skip
