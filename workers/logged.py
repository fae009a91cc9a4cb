"""What every line that is logged while a task runs, or an event is acted on, says of where it comes from.

The id of the request goes with the messages, from one task to the next and into the events. What the sweeper sends
again has lost it: then the saga's id leads to its `traceparent`.
"""

from contextlib import AbstractContextManager
from typing import Any

import structlog
from celery import Task


def about(**ids: str | None) -> AbstractContextManager[None]:
    """Have every line logged in this block say these; None is nothing to say."""
    return structlog.contextvars.bound_contextvars(**{name: value for name, value in ids.items() if value})


class LoggedTask(Task):
    """A Celery task whose lines name its ids (of saga, order or mail) and the request it came of."""

    abstract = True

    def __call__(self, *args: Any, **ids: str) -> Any:
        """Run the task, which takes ids and nothing else."""
        headers = self.request.headers or {}
        with about(**ids, request_id=headers.get("requestid")):
            return self.run(*args, **ids)
