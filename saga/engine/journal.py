"""Read sagas under their row locks, and write back in one statement what a transaction has changed about them.

Every transaction of the engine first locks its sagas, in the order of their ids. So two transactions never decide about
the same saga at the same time, and business rows are only locked after the saga's row.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kit import clock, db
from kit.db import Json
from kit.errors import NotFound
from kit.messaging import causation, events, pg_notify
from kit.messaging.origin import Origin
from saga.engine import queued_sagas
from saga.engine.definition import Ending, Hook
from saga.engine.errors import UnknownVersion
from saga.engine.events import INCIDENT_OPENED, IncidentOpened
from saga.engine.locked_saga import LockedSaga, SagaRef, StepState
from saga.engine.versions import FindDefinition, is_known


class SagaNotFound(NotFound):
    """There is no such saga in this company."""

    code = "saga_not_found"


# Sets the tenant, locks the saga rows, and only then reads the sagas, one row per step: see migrations/functions/saga.
_LOCK_SAGAS = "SELECT * FROM lock_sagas(%(ids)s, %(company)s)"
_SAGA_COLUMNS = 12
"""Columns about the saga, before the columns about the step."""

# The ids are given once more as a list: with it PostgreSQL uses the primary keys whatever its statistics say.
_WRITE_SAGAS = """
    WITH steps AS (
        UPDATE saga_steps s
        SET state = c.state, attempts = c.attempts, undo_attempts = c.undo_attempts, outcome = c.outcome,
            error = c.error, retry_at = c.retry_at, begun_at = c.begun_at, answered_at = c.answered_at,
            undone_at = c.undone_at
        FROM jsonb_to_recordset(%(steps)s) AS c (
            saga_id uuid, step text, state text, attempts int, undo_attempts int, outcome jsonb, error jsonb,
            retry_at timestamptz, begun_at timestamptz, answered_at timestamptz, undone_at timestamptz)
        WHERE s.saga_id = ANY(%(ids)s) AND (s.saga_id, s.step) = (c.saga_id, c.step)
    ), history AS (
        INSERT INTO saga_events (saga_id, company_id, transitions, happened_at)
        SELECT h.saga_id, %(company)s, h.transitions, %(now)s
        FROM jsonb_to_recordset(%(history)s) AS h (saga_id uuid, transitions jsonb)
    ), opened AS (
        INSERT INTO incidents (id, saga_id, company_id, step, phase, error, attempts, opened_at)
        SELECT i.id, i.saga_id, %(company)s, i.step, i.phase, i.error, i.attempts, %(now)s
        FROM jsonb_to_recordset(%(incidents)s)
            AS i (id uuid, saga_id uuid, step text, phase text, error jsonb, attempts int)
    )
    UPDATE sagas s
    SET state = c.state, stage = c.stage, stop_requested = c.stop_requested, failure = c.failure, due_at = c.due_at,
        ended_at = c.ended_at
    FROM jsonb_to_recordset(%(sagas)s) AS c (
        id uuid, state text, stage int, stop_requested jsonb, failure jsonb, due_at timestamptz, ended_at timestamptz,
        notice text)
    WHERE s.id = ANY(%(ids)s) AND s.id = c.id
    RETURNING s.id, CASE WHEN c.notice IS NOT NULL THEN pg_notify(%(channel)s, c.notice) END,
        CASE WHEN c.notice IS NOT NULL THEN
            (SELECT q.name FROM queued_sagas q WHERE q.after_saga_id = s.id ORDER BY q.id LIMIT 1) END"""


@contextmanager
def locked(ref: SagaRef, find: FindDefinition) -> Iterator[LockedSaga]:
    """Lock one saga for one transaction. Its changes are written at the end of the block, unless an error is raised.

    Raises SagaNotFound when the company has no such saga, and UnknownVersion and DefinitionMismatch as all_locked does.
    """
    with all_locked([ref], find) as [saga]:
        yield saga


@contextmanager
def all_locked(
    refs: Sequence[SagaRef], find: FindDefinition, *, continue_inline: bool = False
) -> Iterator[list[LockedSaga]]:
    """Lock several sagas of one company for one transaction. A saga that is named twice is read once.

    Raises SagaNotFound when the company lacks one of them, UnknownVersion when `find` does not know the version of one,
    and DefinitionMismatch when one started with other steps than its definition has now.
    """
    with db.transaction():
        sagas = _read_sagas(refs, find)
        for saga in sagas:
            saga.continue_inline = continue_inline
        yield sagas
        write_changes(sagas, find)


def write_changes(sagas: Sequence[LockedSaga], find: FindDefinition) -> None:
    """Run the hooks of decided sagas, write what has changed, and start the sagas queued behind decided ones.

    `all_locked` calls this at the end of its block. A dry run calls it before it rolls the transaction back.
    """
    run_outcome_hooks(sagas)
    changed = [saga for saga in sagas if saga.transitions]
    if not changed:
        return
    _announce_incidents(changed)
    for saga in changed:
        saga.send_messages()
    written = db.run_with_deferred(_WRITE_SAGAS, _write_values(changed))
    first_queued = {saga_id: name for saga_id, _, name in written if name}
    if first_queued:
        queued_sagas.release([saga for saga in changed if saga.ref.saga_id in first_queued], first_queued, find)


def run_outcome_hooks(sagas: Sequence[LockedSaga]) -> None:
    """Run the hooks of the sagas whose outcome is decided; a hook is called once, with all of its sagas."""
    endings_by_hook: dict[Hook, list[Ending]] = defaultdict(list)
    for saga in sagas:
        if saga.outcome_hook:
            endings_by_hook[saga.outcome_hook].append(saga.ending())
    for hook, endings in endings_by_hook.items():
        hook(endings)


def _announce_incidents(sagas: Sequence[LockedSaga]) -> None:
    for saga in sagas:
        for incident in saga.incidents:
            payload = IncidentOpened(
                UUID(incident["id"]), saga.ref.saga_id, saga.definition.name, saga.subject_id, incident["step"],
                error=incident["error"].get("code"),
            )  # fmt: skip
            events.publish(INCIDENT_OPENED, payload, subject=saga.ref.saga_id, company_id=saga.ref.company_id)


def _read_sagas(refs: Sequence[SagaRef], find: FindDefinition) -> list[LockedSaga]:
    refs_by_id = {ref.saga_id: ref for ref in refs}
    rows = db.run(_LOCK_SAGAS, {"ids": list(refs_by_id), "company": refs[0].company_id}).fetchall()
    now = clock.now()
    sagas: dict[UUID, LockedSaga] = {}
    _require_known_versions(rows, find)
    for row in rows:
        saga = sagas.get(row[0])
        if saga is None:
            saga = sagas[row[0]] = _read_saga(refs_by_id[row[0]], row[1:_SAGA_COLUMNS], find, now)
        step = StepState(*row[_SAGA_COLUMNS:])
        saga.steps[step.step] = step
    if len(sagas) < len(refs_by_id):
        raise SagaNotFound
    for saga in sagas.values():
        saga.check_definition()
    causation.set_saga_origins((saga.subject_id, saga.origin) for saga in sagas.values())
    return list(sagas.values())


def _read_saga(ref: SagaRef, columns: Sequence[Any], find: FindDefinition, now: datetime) -> LockedSaga:
    name, version, subject_id, state, stage, stop, failure, due_at, ended_at, traceparent, context = columns
    origin = Origin.from_columns(traceparent, context)
    return LockedSaga(
        find(name, version), ref, subject_id, state, stage, stop, failure, {}, now, due_at, ended_at, origin
    )


def _require_known_versions(rows: Sequence[Sequence[Any]], find: FindDefinition) -> None:
    """Raise one UnknownVersion for all sagas whose version `find` does not know."""
    versions = {(name, version) for _, name, version, *_ in rows}
    unknown = {(name, version) for name, version in versions if not is_known(name, version, find)}
    if unknown:
        saga_ids = [saga_id for saga_id, name, version, *_ in rows if (name, version) in unknown]
        raise UnknownVersion(f"not declared in this release: {sorted(unknown)}", saga_ids=saga_ids)


def _write_values(sagas: Sequence[LockedSaga]) -> Json:
    first = sagas[0]
    return {
        "ids": [saga.ref.saga_id for saga in sagas], "company": first.ref.company_id, "now": first.now,
        "channel": pg_notify.CHANNEL,
        "sagas": db.as_json([_saga_values(saga) for saga in sagas]),
        "steps": db.as_json([_step_values(saga, step) for saga in sagas for step in sorted(saga.changed_steps)]),
        "history": db.as_json([_with_saga_id(saga, {"transitions": saga.transitions}) for saga in sagas]),
        "incidents": db.as_json([_with_saga_id(saga, incident) for saga in sagas for incident in saga.incidents]),
    }  # fmt: skip


def _saga_values(saga: LockedSaga) -> Json:
    return {
        "id": saga.ref.saga_id, "state": saga.state, "stage": saga.stage, "stop_requested": saga.stop_requested,
        "failure": saga.failure, "due_at": _stalls_or_expires_at(saga), "ended_at": saga.ended_at,
        "notice": pg_notify.channel_payload(saga.subject_id) if saga.outcome_hook else None,
    }  # fmt: skip


def _step_values(saga: LockedSaga, step: str) -> Json:
    state = saga.steps[step]
    return _with_saga_id(saga, {name: getattr(state, name) for name in StepState.__slots__})


def _with_saga_id(saga: LockedSaga, values: Json) -> Json:
    return {"saga_id": saga.ref.saga_id, **values}


def _stalls_or_expires_at(saga: LockedSaga) -> datetime:
    """When the saga's wait expires or, if it is not waiting, when it counts as stalled unless it moves before."""
    if saga.state == "waiting":
        return saga.due_at
    retries = [state.retry_at for state in saga.steps.values() if state.retry_at]
    deadline = saga.definition.call_deadline if saga.has_call_under_way else saga.definition.deadline
    return max([saga.now, *retries]) + max(timedelta(seconds=deadline), saga.grace_period)
