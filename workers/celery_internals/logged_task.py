"""The base class of all tasks: it adds the task's ids to the log lines."""

from typing import Any

from celery import Task

from workers import log_context


class LoggedTask(Task):
    """A Celery task whose log lines have its arguments (ids of a saga, an order or a mail) and its request id."""

    abstract = True

    def __call__(self, *args: Any, **ids: str) -> Any:
        """Run the task. Tasks take ids only."""
        headers = self.request.headers or {}
        with log_context.bound(**ids, **log_context.request_fields(headers)):
            return self.run(*args, **ids)
