"""Leave sagas of a version that this process does not know to the processes of another release.

While two releases run side by side, a worker may get a task of a saga that only the other release declares. It puts the
task back into the outbox, from where it reaches another worker. Of each task of a saga one copy is on its way at most:
a duplicate that comes while another copy is due or being delivered is dropped.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from kit import db
from kit.db import Json
from kit.messaging import outbox
from kit.messaging.origin import Origin
from kit.process import failpoints
from kit.tenancy import Tenant
from saga.engine.versions import FindDefinition, is_known

RETURN_DELAY = timedelta(seconds=1)
"""The time until a task that was put back is due again."""

_POSTPONED = timedelta(seconds=5)
"""The time for which the saga does not count as stalled, at least: its task is on its way."""

EVENT = "unknown_version"
"""The entry in the history of such a saga. No second one is written until another transition follows."""

# The times are the database's, as the relay's are: workers on several machines compare them. A waiting saga needs no
# task: the signal, or the expiry, sends one.
_LOCK_SAGAS = """
    SELECT id, name, version, coalesce(returned_tasks, '{}'), now(), traceparent, context
    FROM sagas
    WHERE id = ANY(%(ids)s) AND ended_at IS NULL AND state NOT IN ('stuck', 'waiting')
    ORDER BY id FOR NO KEY UPDATE"""
_POSTPONE_SAGA = """
    WITH postponed AS (
        UPDATE sagas SET due_at = greatest(due_at, %(due)s), returned_tasks = %(returned)s WHERE id = %(saga)s
    )
    INSERT INTO saga_events (saga_id, company_id, event, happened_at)
    SELECT %(saga)s, %(company)s, %(event)s, %(now)s
    WHERE (
        SELECT event FROM saga_history(%(saga)s) WHERE event <> 'resent' ORDER BY number DESC LIMIT 1
    ) IS DISTINCT FROM %(event)s"""


def put_back(tasks: Sequence[Json], find: FindDefinition, *, company_id: UUID) -> int:
    """Put tasks of one company back into the outbox, due in RETURN_DELAY, if `find` does not know their version.

    Returns how many of them are on their way to another worker. It does nothing for a saga that is known, has ended,
    is stuck, waits or does not exist.
    """
    tasks_by_saga: dict[UUID, list[Json]] = {}
    for task in tasks:
        tasks_by_saga.setdefault(UUID(task["kwargs"]["saga_id"]), []).append(task)
    returned = 0
    with db.transaction(Tenant(company_id=company_id)):
        rows = db.run(_LOCK_SAGAS, {"ids": [*tasks_by_saga]}).fetchall()
        for saga_id, name, version, on_their_way, now, *origin in rows:
            if not is_known(name, version, find):
                request_fields = Origin.from_columns(*origin).request_fields
                of_saga = [{**task, **request_fields} for task in tasks_by_saga[saga_id]]
                _put_back_tasks(saga_id, of_saga, on_their_way, company_id=company_id, now=now)
                returned += len(of_saga)
    if returned:
        failpoints.hit("task.put_back")
    return returned


def _put_back_tasks(
    saga_id: UUID, tasks: Sequence[Json], on_their_way: Json, *, company_id: UUID, now: datetime
) -> None:
    due = now + RETURN_DELAY
    for task in tasks:
        name = task["task"]
        if name not in on_their_way or datetime.fromisoformat(on_their_way[name]) <= now:
            outbox.send("task", task, company_id=company_id, available_at=due)
            on_their_way[name] = due.isoformat()
    values = {"saga": saga_id, "company": company_id, "event": EVENT, "now": now, "due": now + _POSTPONED}
    db.run(_POSTPONE_SAGA, {**values, "returned": db.as_json(on_their_way)})
