"""What every line that is logged while a task runs, or an event is acted on, says of where it comes from.

The id of the request goes with the messages, from one task to the next and into the events. What the sweeper sends
again has lost it: then the saga's id leads to its `traceparent`.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import structlog
from celery import Task

from kit.process import logs


def about(**ids: str | None) -> AbstractContextManager[None]:
    """Have every line logged in this block say these; None is nothing to say."""
    return structlog.contextvars.bound_contextvars(**{name: value for name, value in ids.items() if value})


def about_all(told: Sequence[Mapping[str, str | None]]) -> AbstractContextManager[None]:
    """The same for what is done together: the ids of the one, and of many none, for a line is about them all.

    What is sent on about the order of one of them still names the request that this one came of.
    """
    if len(told) == 1:
        return about(**told[0])
    requests = ((each.get("order_id"), each.get("request_id")) for each in told)
    return logs.bind_request_ids({order: request for order, request in requests if order and request})


class LoggedTask(Task):
    """A Celery task whose lines name its ids (of saga, order or mail) and the request it came of."""

    abstract = True

    def __call__(self, *args: Any, **ids: str) -> Any:
        """Run the task, which takes ids and nothing else."""
        headers = self.request.headers or {}
        with about(**ids, request_id=headers.get("requestid")):
            return self.run(*args, **ids)
