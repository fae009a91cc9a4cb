"""Counting unexpected failures to move a saga: five in a row make it an incident, and none stops other sagas."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import structlog

from kit import clock, db
from kit.errors import NotConfigured, OrderXError
from kit.ids import new_id
from kit.process import failpoints
from kit.tenancy import Tenant
from saga.engine.errors import UnknownVersion
from saga.engine.journal import Ref

LIMIT = 5
"""Faults in a row before a saga waits for an operator."""

FIRST_PAUSE = timedelta(seconds=5)
"""How long a saga is left alone after its first fault; twice as long after each further one."""

_NO_PROGRESS = ["faulted", "resent"]
"""Events after which the faults before them still count."""

# Plain statements, without the definition and the steps' contents: either may be what is wrong.
_LOCK = """
    SELECT state, stage FROM sagas
    WHERE id = %(saga)s AND ended_at IS NULL AND state <> 'stuck' FOR UPDATE"""
_NOTE = """
    INSERT INTO saga_events (saga_id, company_id, step, event, detail, happened_at)
    VALUES (%(saga)s, %(company)s, %(step)s, %(event)s, %(error)s, %(now)s)"""
_COUNT = """
    SELECT count(*) FROM saga_events
    WHERE saga_id = %(saga)s AND event = 'faulted' AND id > coalesce((
        SELECT max(id) FROM saga_events WHERE saga_id = %(saga)s AND event <> ALL(%(no_progress)s)), 0)"""
_LEAVE_ALONE = "UPDATE sagas SET due_at = greatest(due_at, %(due)s) WHERE id = %(saga)s"
# The step that is under way; or else the first of the current stage; or, for want of any, the saga's first.
_STEP = """
    SELECT step FROM saga_steps WHERE saga_id = %(saga)s
    ORDER BY state IN ('running', 'undoing') DESC, stage = %(stage)s DESC, position LIMIT 1"""
_OPEN_INCIDENT = """
    WITH incident AS (
        INSERT INTO incidents (id, saga_id, company_id, step, phase, error, attempts, opened_at)
        VALUES (%(id)s, %(saga)s, %(company)s, %(step)s, %(state)s, %(error)s, %(times)s, %(now)s)
    )
    UPDATE sagas SET state = 'stuck' WHERE id = %(saga)s"""

log = structlog.get_logger()


@contextmanager
def counted(refs: Collection[Ref]) -> Iterator[None]:
    """Record what this block raises as a fault of the only saga that it moves, and raise it.

    With several sagas nobody knows whose fault it is: the caller takes them one by one then.
    """
    try:
        yield
    except Exception as error:
        if len(refs) == 1:
            record(next(iter(refs)), error)
        raise


def record(ref: Ref, error: Exception) -> None:
    """Count the error against the saga; the fifth in a row opens an incident, which raises an alert.

    An outage of the database is no fault, nor is a missing setting. A saga of an unknown version is only left alone
    for a while, for another process to take it. Whatever goes wrong here is logged, and never raised.
    """
    if db.is_outage(error) or isinstance(error, NotConfigured):
        return
    try:
        with db.transaction(Tenant(company_id=ref.company_id)):
            found = db.run(_LOCK, {"saga": ref.saga_id}).fetchone()
            if found is None:
                return
            if isinstance(error, UnknownVersion):
                _leave_alone(ref, FIRST_PAUSE)
            else:
                _count(ref, error, *found)
    except Exception:
        log.exception("a saga's fault could not be counted", saga=str(ref.saga_id))
    failpoints.hit("saga.fault_counted")


def _count(ref: Ref, error: Exception, state: str, stage: int) -> None:
    code = error.code if isinstance(error, OrderXError) else type(error).__name__
    about = {
        "saga": ref.saga_id, "company": ref.company_id, "now": clock.now(), "step": None, "event": "faulted",
        "error": db.as_json({"code": code, "detail": None}),
    }  # fmt: skip
    db.run(_NOTE, about)
    [(times,)] = db.run(_COUNT, {**about, "no_progress": _NO_PROGRESS})
    log.error("a saga could not be moved", saga=str(ref.saga_id), error=code, times=times)
    if times >= LIMIT:
        _open_incident({**about, "stage": stage, "state": state, "times": times})
    else:
        _leave_alone(ref, FIRST_PAUSE * 2 ** (times - 1))


def _open_incident(about: dict[str, Any]) -> None:
    found = db.run(_STEP, about).fetchone()
    about = {**about, "id": new_id(), "step": found[0] if found else "none"}
    db.run(_OPEN_INCIDENT, about)
    db.run(_NOTE, {**about, "event": "incident"})


def _leave_alone(ref: Ref, pause: timedelta) -> None:
    db.run(_LEAVE_ALONE, {"saga": ref.saga_id, "due": clock.now() + pause})
