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
        yield _task(body)
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
        yield _task(header, chord=signature, group=body["id"], group_index=index)


def _task(task: Json, *, chord: Json | None = None, **group: Any) -> Message:
    """Build a task's message as Celery's `as_task_v2` does, without headers that have Celery's default values.

    Each header costs relay, broker and worker as much as any other one.
    """
    kwargs = task["kwargs"]
    headers = {
        "lang": "py", "task": task["task"], "id": task["id"], "root_id": task.get("root"), "ignore_result": True,
        "kwargsrepr": repr(kwargs), "requestid": task.get("requestid"),
        "traceparent": task.get("traceparent"), **group,
    }  # fmt: skip
    body = [(), kwargs, {"callbacks": None, "errbacks": None, "chain": None, "chord": chord}]
    return Message(
        id=task["id"], exchange=queues.TASK_EXCHANGE.name, routing_key=task["task"], body=orjson.dumps(body),
        content_type="application/json", headers={name: value for name, value in headers.items() if value is not None},
        properties={"correlation_id": task["id"]}, mandatory=True,
    )  # fmt: skip
