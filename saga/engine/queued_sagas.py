"""Queued sagas: each starts when the open saga about its target is done, and is dropped when that one is undone.

A queued saga is a row, written under the locks of the open saga and of the target. The transaction that decides the
outcome of the open saga starts it, in the version that new sagas get by then.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from kit import db
from kit.db import Json
from kit.errors import Conflict
from kit.ids import new_id
from kit.messaging import causation
from kit.messaging.origin import Origin
from saga.engine.definition import Saga
from saga.engine.locked_saga import LockedSaga
from saga.engine.start import start

# A subject has one saga of a name. A second one would only fail when it starts: in the outcome of the open saga.
_ENQUEUE = """
    INSERT INTO queued_sagas (id, after_saga_id, company_id, name, subject_id, target_id, tags, traceparent,
        context, queued_at)
    SELECT %(id)s, %(after)s, %(company)s, %(name)s, %(subject)s, %(target)s, %(tags)s, %(traceparent)s,
        %(context)s::jsonb, %(now)s
    WHERE NOT EXISTS (SELECT FROM sagas WHERE (subject_id, name) = (%(subject)s, %(name)s))
    ON CONFLICT (subject_id, name) DO NOTHING"""
_TAKE = """
    WITH taken AS (
        DELETE FROM queued_sagas WHERE after_saga_id = ANY(%(ids)s)
        RETURNING id, after_saga_id, company_id, name, subject_id, target_id, tags, traceparent, context
    ), recorded AS (
        INSERT INTO saga_events (saga_id, company_id, event, detail, happened_at)
        SELECT after_saga_id, company_id,
            CASE WHEN after_saga_id = ANY(%(undone)s) THEN 'queued_saga_dropped' ELSE 'queued_saga_released' END,
            jsonb_build_object('saga', name, 'subject_id', subject_id), %(now)s
        FROM taken ORDER BY id
    )
    SELECT after_saga_id, name, subject_id, target_id, tags, traceparent, context FROM taken ORDER BY id"""


class AlreadyRequested(Conflict):
    """The operation has been requested before: its saga is queued, or has started."""

    code = "already_requested"


def enqueue(after: LockedSaga, saga: Saga, *, subject_id: UUID, target_id: UUID, tags: dict[str, str]) -> None:
    """Queue a saga behind this open one. Raises AlreadyRequested if its subject has one, queued or started."""
    after.record_event("saga_queued", None, {"saga": saga.name, "subject_id": str(subject_id)})
    about = {"subject_id": subject_id, "target_id": target_id}
    origin = causation.current_origin(about.values())
    if not _insert(after.ref.saga_id, after, saga.name, tags=tags, origin=origin, **about):
        raise AlreadyRequested(f"{saga.name} has been requested before for {subject_id}")


def release(ending_sagas: Sequence[LockedSaga], find: Callable[[str, int | None], Saga]) -> None:
    """Start what is queued behind these sagas if they are done, and drop it if they are undone.

    Of several sagas behind one, the first is started, and the others are queued behind it.
    """
    sagas = {saga.ref.saga_id: saga for saga in ending_sagas}
    undone = {saga_id for saga_id, saga in sagas.items() if saga.state == "undone"}
    now = ending_sagas[0].now
    rows = db.run(_TAKE, {"ids": list(sagas), "undone": list(undone), "now": now}).fetchall()
    started: dict[UUID, UUID] = {}
    for after, name, subject_id, target_id, tags, traceparent, context in rows:
        if after in undone:
            continue
        ended, about = sagas[after], {"subject_id": subject_id, "target_id": target_id}
        origin = Origin.from_columns(traceparent, context)
        if after in started:
            _insert(started[after], ended, name, tags=tags, origin=origin, **about)
        else:
            started[after] = start(
                find(name, None), company_id=ended.ref.company_id, now=now, tags=tags, origin=origin, **about
            )


def _insert(
    after: UUID, ended: LockedSaga, name: str, *, subject_id: UUID, target_id: UUID, tags: Json, origin: Origin
) -> bool:
    """Insert the row; returns whether the subject had no saga of this name yet."""
    values = {
        "id": new_id(), "after": after, "company": ended.ref.company_id, "name": name, "subject": subject_id,
        "target": target_id, "tags": db.as_json(tags), "now": ended.now, **origin.as_columns(),
    }  # fmt: skip
    return db.run(_ENQUEUE, values).rowcount == 1
