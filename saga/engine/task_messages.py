"""The tasks of sagas in the outbox: ids and names only. The relay expands them to whole tasks."""

from uuid import UUID

from kit.db import Json
from kit.ids import derived_id
from kit.messaging.origin import Origin
from kit.messaging.tasks import task_body
from saga.engine.locked_saga import SagaRef


def expand(body: Json, *, company_id: UUID | None) -> Json:
    """Return the body of the task, or of the chord, that this row of the outbox stands for.

    The tasks of a saga get their ids, which are the same each time, and their arguments. Other bodies are whole.
    """
    if "saga_id" not in body or company_id is None:
        return body
    saga = SagaRef(UUID(body["saga_id"]), company_id)
    kwargs = {"saga_id": body["saga_id"], "company_id": str(company_id), "subject_id": body["subject_id"]}
    origin = Origin(request_id=body.get("requestid"), traceparent=body.get("traceparent"))

    def task(name: str) -> Json:
        return task_body(name, kwargs, task_id=saga.task_id(name), root_id=body["saga_id"], origin=origin)

    if "header" not in body:
        return task(body["task"])
    chord_id = derived_id(saga.saga_id, f"stage {body['stage']}")
    return {"id": str(chord_id), "header": [task(name) for name in body["header"]], "body": task(body["body"])}
