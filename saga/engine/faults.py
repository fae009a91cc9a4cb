"""Count unexpected errors while moving a saga: five in a row open an incident, and none stops other sagas."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import structlog

from kit import clock, db
from kit.errors import NotConfigured, OrderXError
from kit.ids import new_id
from kit.messaging import events
from kit.process import failpoints
from kit.tenancy import Tenant
from saga.engine.errors import UnknownVersion
from saga.engine.events import INCIDENT_OPENED, IncidentOpened
from saga.engine.locked_saga import SagaRef

LIMIT = 5
"""Faults in a row that open an incident."""

FIRST_PAUSE = timedelta(seconds=5)
"""The pause before a saga is moved again, after its first fault; it doubles with each further one."""

_NO_PROGRESS = ["faulted", "resent"]
"""Events that do not end a row of faults."""

# Plain statements, which read neither the definition nor the contents of steps: either may be the cause of the fault.
_LOCK_SAGA = """
    SELECT state, stage, name, subject_id FROM sagas
    WHERE id = %(saga)s AND ended_at IS NULL AND state <> 'stuck' FOR UPDATE"""
_INSERT_EVENT = """
    INSERT INTO saga_events (saga_id, company_id, step, event, detail, happened_at)
    VALUES (%(saga)s, %(company)s, %(step)s, %(event)s, %(error)s, %(now)s)"""
_COUNT_FAULTS_IN_A_ROW = """
    WITH history AS (
        SELECT number, event FROM saga_history(%(saga)s)
    )
    SELECT count(*) FROM history
    WHERE event = 'faulted' AND number > (SELECT max(number) FROM history WHERE event <> ALL(%(no_progress)s))"""
_POSTPONE_SAGA = "UPDATE sagas SET due_at = greatest(due_at, %(due)s) WHERE id = %(saga)s"
# The step in progress, or else the first of the current stage, or else the saga's first.
_FIND_FAULTED_STEP = """
    SELECT step FROM saga_steps WHERE saga_id = %(saga)s
    ORDER BY state IN ('running', 'undoing', 'waiting') DESC, stage = %(stage)s DESC, position LIMIT 1"""
_OPEN_INCIDENT = """
    WITH incident AS (
        INSERT INTO incidents (id, saga_id, company_id, step, phase, error, attempts, opened_at)
        VALUES (%(id)s, %(saga)s, %(company)s, %(step)s, %(phase)s, %(error)s, %(times)s, %(now)s)
    )
    UPDATE sagas SET state = 'stuck' WHERE id = %(saga)s"""

log = structlog.get_logger()


class _FaultedSaga(NamedTuple):
    """The columns of `_LOCK_SAGA`."""

    state: str
    stage: int
    name: str
    subject_id: UUID


@contextmanager
def count_fault_of_single(refs: Collection[SagaRef]) -> Iterator[None]:
    """Raise an error of the block again. If `refs` is one saga, count the error as its fault first.

    An error with several sagas is counted for none, because its cause is unknown: the caller moves them one by one.
    """
    try:
        yield
    except Exception as error:
        if len(refs) == 1:
            record(next(iter(refs)), error)
        raise


def record(ref: SagaRef, error: Exception) -> None:
    """Count the error as a fault of the saga; the fifth in a row opens an incident, which raises an alert.

    An outage of the database is no fault, nor is a missing setting, nor a version that only another release knows. An
    error in here is logged, never raised.
    """
    if db.is_outage(error) or isinstance(error, NotConfigured | UnknownVersion):
        return
    try:
        with db.transaction(Tenant(company_id=ref.company_id)):
            row = db.run(_LOCK_SAGA, {"saga": ref.saga_id}).fetchone()
            if row is None:
                return
            _count_fault(ref, error, _FaultedSaga(*row))
    except Exception:
        log.exception("could not count a fault of a saga", saga=str(ref.saga_id))
    failpoints.hit("saga.fault_counted")


def _count_fault(ref: SagaRef, error: Exception, saga: _FaultedSaga) -> None:
    code = error.code if isinstance(error, OrderXError) else type(error).__name__
    values = {
        "saga": ref.saga_id, "company": ref.company_id, "now": clock.now(), "step": None, "event": "faulted",
        "error": db.as_json({"code": code, "detail": None}),
    }  # fmt: skip
    db.run(_INSERT_EVENT, values)
    [(times,)] = db.run(_COUNT_FAULTS_IN_A_ROW, {**values, "no_progress": _NO_PROGRESS})
    log.error("could not move a saga", saga=str(ref.saga_id), error=code, times=times)
    if times >= LIMIT:
        incident_id, step = _open_incident({**values, "stage": saga.stage, "state": saga.state, "times": times})
        payload = IncidentOpened(incident_id, ref.saga_id, saga.name, saga.subject_id, step, error=code)
        events.publish(INCIDENT_OPENED, payload, subject=ref.saga_id, company_id=ref.company_id)
    else:
        _postpone_saga(ref, FIRST_PAUSE * 2 ** (times - 1))


def _open_incident(values: dict[str, Any]) -> tuple[UUID, str]:
    """Open an incident. Returns its id and the step that it is about."""
    row = db.run(_FIND_FAULTED_STEP, values).fetchone()
    phase = "running" if values["state"] == "waiting" else values["state"]
    incident_id, step = new_id(), row[0] if row else "none"
    values = {**values, "id": incident_id, "step": step, "phase": phase}
    db.run(_OPEN_INCIDENT, values)
    db.run(_INSERT_EVENT, {**values, "event": "incident"})
    return incident_id, step


def _postpone_saga(ref: SagaRef, pause: timedelta) -> None:
    db.run(_POSTPONE_SAGA, {"saga": ref.saga_id, "due": clock.now() + pause})
