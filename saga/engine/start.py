"""Start a saga."""

from datetime import datetime, timedelta
from uuid import UUID

from kit import db
from kit.ids import new_id
from kit.messaging import causation
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
    }  # fmt: skip
    db.insert(values, _INSERT_SAGA, _INSERT_STEPS)
    _send_first_message(saga, ref, subject_id, now, origin)
    return ref.saga_id


def _send_first_message(saga: Saga, ref: SagaRef, subject_id: UUID, now: datetime, origin: Origin) -> None:
    started = LockedSaga(saga, ref, subject_id, "running", 0, None, None, {}, now, now, origin=origin)
    if started.is_parallel(0):
        started.send_chord(0, ADVANCE)
    else:
        started.send_task(ADVANCE)
    started.send_messages()
