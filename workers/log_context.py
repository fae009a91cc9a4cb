"""The fields that every log line has while a task runs or an event is handled.

The request id travels in message headers, from task to task and into the events. Messages that the sweeper sends again
have no request id; their saga id leads to the `traceparent` in the saga's row.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

import structlog

from kit.process import logs


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
