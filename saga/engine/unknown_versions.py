"""Leave sagas of a version that this process does not know to the processes of another release.

While two releases run side by side, a worker may get a task of a saga that only the other release declares. It puts the
task back into the outbox, from where it reaches another worker.
"""

from datetime import timedelta

from kit import clock, db
from kit.db import Json
from kit.messaging import outbox
from kit.messaging.origin import Origin
from kit.process import failpoints
from kit.tenancy import Tenant
from saga.engine.journal import FindDefinition, is_known
from saga.engine.locked_saga import SagaRef

RETURN_DELAY = timedelta(seconds=1)
"""The time until a task that was put back is due again."""

_POSTPONED = timedelta(seconds=5)
"""The time for which the saga does not count as stalled, at least: its task is on its way."""

EVENT = "unknown_version"
"""The entry in the history of such a saga. No second one is written until another transition follows."""

_LOCK = """
    SELECT name, version, traceparent, context FROM sagas
    WHERE id = %(saga)s AND ended_at IS NULL AND state <> 'stuck' FOR NO KEY UPDATE"""
_RECORD_ONCE = """
    WITH postponed AS (
        UPDATE sagas SET due_at = greatest(due_at, %(due)s) WHERE id = %(saga)s
    )
    INSERT INTO saga_events (saga_id, company_id, event, happened_at)
    SELECT %(saga)s, %(company)s, %(event)s, %(now)s
    WHERE (
        SELECT event FROM saga_events WHERE saga_id = %(saga)s AND event <> 'resent' ORDER BY id DESC LIMIT 1
    ) IS DISTINCT FROM %(event)s"""


def put_back(ref: SagaRef, task: Json, find: FindDefinition) -> bool:
    """Put the task back into the outbox, due in RETURN_DELAY, if `find` does not know the version of its saga.

    Returns whether it did: it does nothing for a saga that is known, has ended, is stuck or does not exist.
    """
    with db.transaction(Tenant(company_id=ref.company_id)):
        row = db.run(_LOCK, {"saga": ref.saga_id}).fetchone()
        if row is None or is_known(row[0], row[1], find):
            return False
        now = clock.now()
        values = {"saga": ref.saga_id, "company": ref.company_id, "event": EVENT, "now": now, "due": now + _POSTPONED}
        db.run(_RECORD_ONCE, values)
        task = {**task, **Origin.from_columns(*row[2:]).request_fields}
        outbox.send("task", task, company_id=ref.company_id, available_at=now + RETURN_DELAY)
    failpoints.hit("task.put_back")
    return True
