"""The fields that every log line has while a task runs or an event is handled.

The request id and the traceparent travel in message headers, from task to task and into the events.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import structlog

from kit.messaging.origin import trace_id
from kit.process import logs


def request_fields(headers: Mapping[str, Any]) -> dict[str, str | None]:
    """The fields that say which request the message with these headers results from."""
    return {"request_id": headers.get("requestid"), "trace_id": trace_id(headers.get("traceparent"))}


def bound(**fields: str | None) -> AbstractContextManager[None]:
    """Add these fields to every line logged within the block, except those that are None."""
    return structlog.contextvars.bound_contextvars(**{name: value for name, value in fields.items() if value})


def bound_batch(messages: Sequence[Mapping[str, str | None]]) -> AbstractContextManager[None]:
    """Add the fields of one message; for several messages add none, because each line is about all of them.

    Messages sent within the block about one of several subjects still carry the request id of that subject's message.
    """
    if len(messages) == 1:
        return bound(**messages[0])
    requests = ((each.get("subject_id"), each.get("request_id")) for each in messages)
    return logs.bind_request_ids({subject: request for subject, request in requests if subject and request})
