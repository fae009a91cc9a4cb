"""Queued sagas: each starts when the open saga about its target is done, and is dropped when that one is undone.

A queued saga is a row, written under the locks of the open saga and of the target. The transaction that decides the
outcome of the open saga starts it.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from kit import db
from kit.db import Json
from kit.ids import new_id
from saga.engine.definition import Saga
from saga.engine.locked_saga import LockedSaga
from saga.engine.start import start

_ENQUEUE = """
    INSERT INTO queued_sagas (id, after_saga_id, company_id, name, version, subject_id, target_id, tags, queued_at)
    VALUES (%(id)s, %(after)s, %(company)s, %(name)s, %(version)s, %(subject)s, %(target)s, %(tags)s, %(now)s)"""
_TAKE = """
    WITH taken AS (
        DELETE FROM queued_sagas WHERE after_saga_id = ANY(%(ids)s)
        RETURNING id, after_saga_id, company_id, name, version, subject_id, target_id, tags
    ), recorded AS (
        INSERT INTO saga_events (saga_id, company_id, event, detail, happened_at)
        SELECT after_saga_id, company_id,
            CASE WHEN after_saga_id = ANY(%(undone)s) THEN 'queued_saga_dropped' ELSE 'queued_saga_released' END,
            jsonb_build_object('saga', name, 'subject_id', subject_id), %(now)s
        FROM taken ORDER BY id
    )
    SELECT after_saga_id, name, version, subject_id, target_id, tags FROM taken ORDER BY id"""


def enqueue(after: LockedSaga, saga: Saga, *, subject_id: UUID, target_id: UUID, tags: dict[str, str]) -> None:
    """Queue a saga behind this open one."""
    after.record_event("saga_queued", None, {"saga": saga.name, "subject_id": str(subject_id)})
    _insert(after.ref.saga_id, after, saga, subject_id=subject_id, target_id=target_id, tags=tags)


def release(ending_sagas: Sequence[LockedSaga], find: Callable[[str, int], Saga]) -> None:
    """Start what is queued behind these sagas if they are done, and drop it if they are undone.

    Of several sagas behind one, the first is started, and the others are queued behind it.
    """
    sagas = {saga.ref.saga_id: saga for saga in ending_sagas}
    undone = {saga_id for saga_id, saga in sagas.items() if saga.state == "undone"}
    now = ending_sagas[0].now
    rows = db.run(_TAKE, {"ids": list(sagas), "undone": list(undone), "now": now}).fetchall()
    started: dict[UUID, UUID] = {}
    for after, name, version, subject_id, target_id, tags in rows:
        if after in undone:
            continue
        saga, ended, about = find(name, version), sagas[after], {"subject_id": subject_id, "target_id": target_id}
        if after in started:
            _insert(started[after], ended, saga, tags=tags, **about)
        else:
            started[after] = start(saga, company_id=ended.ref.company_id, now=now, tags=tags, **about)


def _insert(after: UUID, ended: LockedSaga, saga: Saga, *, subject_id: UUID, target_id: UUID, tags: Json) -> None:
    values = {
        "id": new_id(), "after": after, "company": ended.ref.company_id, "name": saga.name, "version": saga.version,
        "subject": subject_id, "target": target_id, "tags": db.as_json(tags), "now": ended.now,
    }  # fmt: skip
    db.run(_ENQUEUE, values)
