"""The form in which the outbox keeps a Celery task."""

from kit.db import Json


def task_body(
    name: str, kwargs: Json, *, task_id: str, root_id: str | None = None, request_id: str | None = None
) -> Json:
    """Return the outbox's body of this task, which the relay turns into a message.

    `root_id` groups tasks in Flower, such as those of one saga; `request_id` names the request that caused the task.
    """
    body = {"task": name, "id": task_id, "root": root_id, "kwargs": kwargs, "requestid": request_id}
    return {key: value for key, value in body.items() if value is not None}
