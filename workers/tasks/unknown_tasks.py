"""Tasks that this release does not have: if they are steps of a saga of another release, they go back to the outbox."""

from uuid import UUID

from kombu.message import Message

from kit.db import Json
from kit.messaging.tasks import task_body
from saga.engine import unknown_versions
from saga.registry import find


def put_back(message: Message) -> bool:
    """Put the task of this message back into the outbox, if it is about an open saga of an unknown version.

    Returns whether it did, or another copy is on its way. Any other message is left to the caller.
    """
    _, kwargs, _ = message.payload
    if not {"saga_id", "company_id"} <= kwargs.keys():
        return False
    headers = message.headers
    task = returned_task_body(headers["task"], kwargs, headers["id"])
    return unknown_versions.put_back([task], find, company_id=UUID(kwargs["company_id"])) == 1


def returned_task_body(name: str, kwargs: Json, task_id: str) -> Json:
    """The outbox's body of a saga's task that goes back to it."""
    return task_body(name, dict(kwargs), task_id=task_id, root_id=kwargs["saga_id"])
