"""Start a saga."""

from datetime import datetime, timedelta
from uuid import UUID

from kit import db
from kit.db import Json
from kit.ids import new_id
from kit.messaging import causation, kept_events, outbox
from kit.messaging.origin import Origin
from saga.engine.definition import Saga
from saga.engine.locked_saga import LockedSaga, SagaRef
from saga.engine.state_machine import ADVANCE

_INSERT_SAGA = """
    INSERT INTO sagas (id, company_id, name, version, subject_id, target_id, tags, traceparent, context, started_at,
        due_at)
    VALUES (%(saga)s, %(company)s, %(saga_name)s, %(version)s, %(subject)s, %(target)s, %(tags)s, %(traceparent)s,
        %(context)s, %(now)s, %(due)s)"""
_INSERT_STEPS = """
    INSERT INTO saga_steps (saga_id, company_id, step, position, stage)
    SELECT %(saga)s, %(company)s, s.step, s.position, s.stage
    FROM jsonb_to_recordset(%(steps)s) AS s (step text, position int, stage int)"""
_INSERT_MESSAGES = """
    INSERT INTO outbox (company_id, kind, body, available_at)
    SELECT %(company)s, o.kind, o.body, coalesce(o.available_at, %(now)s)
    FROM jsonb_to_recordset(%(messages)s) AS o (kind text, body jsonb, available_at timestamptz)"""


def start(
    saga: Saga,
    *,
    subject_id: UUID,
    company_id: UUID,
    now: datetime,
    target_id: UUID | None = None,
    tags: dict[str, str] | None = None,
    origin: Origin | None = None,
) -> UUID:
    """Start the saga in the transaction that creates its subject, so that neither exists without the other.

    `target_id` is the row that it changes, if that is not its subject: the order of a refund. A saga about a row that
    exists before is started by targets.LockedTarget. `tags` are for searching. `origin` is that of the current
    transaction unless given. Returns the saga's id.
    """
    origin = origin or causation.current_origin((subject_id, target_id, *(tags or {}).values()))
    ref = SagaRef(new_id(), company_id)
    steps = [
        {"step": entry.name, "position": position, "stage": stage} for position, stage, entry in saga.numbered_entries()
    ]
    values = {
        "saga": ref.saga_id, "company": company_id, "saga_name": saga.name, "version": saga.version,
        "subject": subject_id, "target": None if target_id == subject_id else target_id,
        "tags": db.as_json(tags or {}), "now": now,
        **origin.as_columns(),
        "due": now + timedelta(seconds=saga.deadline), "steps": db.as_json(steps),
        "messages": db.as_json(outbox.take_pending() + _first_messages(saga, ref, subject_id, now, origin)),
    }  # fmt: skip
    db.insert(values, _INSERT_SAGA, _INSERT_STEPS, kept_events.INSERT, _INSERT_MESSAGES)
    return ref.saga_id


def _first_messages(saga: Saga, ref: SagaRef, subject_id: UUID, now: datetime, origin: Origin) -> list[Json]:
    started = LockedSaga(saga, ref, subject_id, "running", 0, None, None, {}, now, now, origin=origin)
    if started.is_parallel(0):
        started.send_chord(0, ADVANCE)
    else:
        started.send_task(ADVANCE)
    return started.messages
