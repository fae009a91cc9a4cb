"""The form in which the outbox keeps a Celery task."""

from kit.db import Json
from kit.messaging.origin import Origin


def task_body(
    name: str, kwargs: Json, *, task_id: str, root_id: str | None = None, origin: Origin | None = None
) -> Json:
    """Return the outbox's body of this task, which the relay turns into a message.

    `root_id` groups tasks in Flower, such as those of one saga. With `origin` it carries the request that it results
    from.
    """
    body = {"task": name, "id": task_id, "root": root_id, "kwargs": kwargs, **(origin.request_fields if origin else {})}
    return {key: value for key, value in body.items() if value is not None}
