"""What an outbox row becomes on the wire: Celery task messages (protocol 2), a chord's headers, or a CloudEvent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from celery import Celery

from kit.db import Json
from workers import queues


@dataclass(frozen=True, slots=True)
class Message:
    """One message, ready to publish. An event that nobody listens for may vanish; a task must find its queue."""

    id: str
    exchange: str
    routing_key: str
    body: bytes
    content_type: str
    headers: dict[str, Any]
    properties: dict[str, Any]
    mandatory: bool


def messages(app: Celery, kind: str, body: Json) -> Iterator[Message]:
    """The messages that an outbox row of this kind asks for."""
    if kind == "event":
        yield _event(body)
    elif kind == "task":
        yield _task(app, body)
    else:
        yield from _chord(app, body)


def _event(body: Json) -> Message:
    return Message(
        id=body["id"], exchange=queues.EVENTS.name, routing_key=body["type"], body=orjson.dumps(body),
        content_type="application/cloudevents+json", headers={}, properties={}, mandatory=False,
    )  # fmt: skip


def _chord(app: Celery, body: Json) -> Iterator[Message]:
    # What a header says of its chord is its body's signature. Celery's own `chord` would copy all of them twice.
    task = body["body"]
    signature = app.signature(task["task"], kwargs=task["kwargs"], immutable=True, task_id=task["id"])
    for index, header in enumerate(body["header"]):
        yield _task(app, header, group_id=body["id"], group_index=index, chord=signature)


def _task(app: Celery, task: Json, **chord_options: Any) -> Message:
    made = app.amqp.as_task_v2(
        task["id"], task["task"], kwargs=task["kwargs"], root_id=task.get("root"), ignore_result=True,
        argsrepr="()", kwargsrepr=repr(task["kwargs"]), **chord_options,
    )  # fmt: skip
    # A header that says nothing costs as much on its way as one that does.
    headers = {name: value for name, value in made.headers.items() if value is not None}
    if "requestid" in task:
        headers["requestid"] = task["requestid"]
    return Message(
        id=task["id"], exchange=queues.TASKS.name, routing_key=task["task"], body=orjson.dumps(made.body),
        content_type="application/json", headers=headers, properties=made.properties, mandatory=True,
    )  # fmt: skip
