"""Queued sagas: each starts when the open saga about its target is done, and is dropped when the open saga is undone.

A queued saga is a row, written under the locks of the open saga and of the target. The transaction that decides the
outcome of the open saga starts the queued one, in the version that new sagas get by then. A worker whose release was
rolled back may not know the queued saga. Then the row stays until a sweeper of a release that knows the saga starts it;
until then no other saga about the target is started.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from kit import db
from kit.db import Json
from kit.errors import Conflict
from kit.ids import new_id
from kit.messaging import causation
from kit.messaging.origin import Origin
from kit.process import failpoints
from kit.tenancy import Tenant
from saga.engine.definition import Saga
from saga.engine.locked_saga import LockedSaga
from saga.engine.start import start
from saga.engine.versions import FindDefinition, is_known

# A subject has one saga of a name. A second one would only fail when it starts: in the outcome of the open saga.
_INSERT_QUEUED_SAGA = """
    INSERT INTO queued_sagas (id, after_saga_id, company_id, name, subject_id, target_id, tags, traceparent,
        context, queued_at)
    SELECT %(id)s, %(after)s, %(company)s, %(name)s, %(subject)s, %(target)s, %(tags)s, %(traceparent)s,
        %(context)s::jsonb, %(now)s
    WHERE NOT EXISTS (SELECT FROM sagas WHERE (subject_id, name) = (%(subject)s, %(name)s))
    ON CONFLICT (subject_id, name) DO NOTHING"""
_TAKE_QUEUED_SAGAS = """
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
_MARK_SAGAS_OVERDUE = """
    WITH kept AS (
        UPDATE queued_sagas SET overdue_since = %(now)s WHERE after_saga_id = ANY(%(ids)s)
        RETURNING id, after_saga_id, company_id, name, subject_id
    )
    INSERT INTO saga_events (saga_id, company_id, event, detail, happened_at)
    SELECT after_saga_id, company_id, 'queued_saga_kept', jsonb_build_object('saga', name, 'subject_id', subject_id),
        %(now)s
    FROM kept ORDER BY id"""
_FIND_OVERDUE_SAGAS = """
    SELECT DISTINCT ON (after_saga_id) after_saga_id, company_id, name FROM queued_sagas
    WHERE overdue_since IS NOT NULL ORDER BY after_saga_id, id"""


class AlreadyRequested(Conflict):
    """The operation has been requested before: its saga is queued, or has started."""

    code = "already_requested"


def enqueue(after: LockedSaga, saga: Saga, *, subject_id: UUID, target_id: UUID, tags: dict[str, str]) -> None:
    """Queue `saga` for the subject, to start when the open saga `after` is done.

    Raises AlreadyRequested if a saga of this name is queued or was ever started for the subject.
    """
    after.record_event("saga_queued", None, {"saga": saga.name, "subject_id": str(subject_id)})
    origin = causation.current_origin((subject_id, target_id))
    about: Json = {"subject_id": subject_id, "target_id": target_id, "tags": tags, "origin": origin}
    if not _insert_if_new(after.ref.saga_id, saga.name, company_id=after.ref.company_id, now=after.now, **about):
        raise AlreadyRequested(f"{saga.name} has been requested before for {subject_id}")
    db.after_commit(lambda: failpoints.hit("saga.queued"))


def release(ending_sagas: Sequence[LockedSaga], first_queued: Mapping[UUID, str], find: FindDefinition) -> None:
    """Start what is queued behind these sagas if they are done, and drop it if they are undone.

    `first_queued` has the name of the first queued saga behind each. It is started, and the others are queued behind
    it. If `find` does not know it, all of them are kept.
    """
    now = ending_sagas[0].now
    undone = [saga.ref.saga_id for saga in ending_sagas if saga.state == "undone"]
    kept = [id_ for id_, name in first_queued.items() if id_ not in undone and not is_known(name, None, find)]
    taken = [saga.ref.saga_id for saga in ending_sagas if saga.ref.saga_id not in kept]
    if taken:
        _start_queued(taken, undone, find, company_id=ending_sagas[0].ref.company_id, now=now)
    if kept:
        db.run(_MARK_SAGAS_OVERDUE, {"ids": kept, "now": now})
    db.after_commit(lambda: failpoints.hit("saga.dequeued"))


def release_overdue(find: FindDefinition, *, now: datetime) -> int:
    """Start the overdue sagas that this release knows. Returns the number of ended sagas that they were queued behind.

    Any number of processes may call this at once.
    """
    with db.operator_transaction():
        overdue = db.run(_FIND_OVERDUE_SAGAS, {}).fetchall()
    known = [(ended_id, company_id) for ended_id, company_id, name in overdue if is_known(name, None, find)]
    for ended_id, company_id in known:
        with db.transaction(Tenant(company_id=company_id)):
            _start_queued([ended_id], [], find, company_id=company_id, now=now)
        failpoints.hit("saga.dequeued")
    return len(known)


def _start_queued(
    ended: list[UUID], undone: list[UUID], find: FindDefinition, *, company_id: UUID, now: datetime
) -> None:
    """Start the first saga that is queued behind each ended saga; the other sagas queue behind the started one.

    Sagas behind an undone saga are dropped instead.
    """
    rows = db.run(_TAKE_QUEUED_SAGAS, {"ids": ended, "undone": undone, "now": now}).fetchall()
    started: dict[UUID, UUID] = {}
    for ended_id, name, subject_id, target_id, tags, traceparent, context in rows:
        if ended_id in undone:
            continue
        about = {"subject_id": subject_id, "target_id": target_id, "company_id": company_id, "now": now, "tags": tags}
        origin = Origin.from_columns(traceparent, context)
        if ended_id in started:
            _insert_if_new(started[ended_id], name, origin=origin, **about)
        else:
            started[ended_id] = start(find(name, None), origin=origin, **about)


def _insert_if_new(
    after_saga_id: UUID,
    name: str,
    *,
    subject_id: UUID,
    target_id: UUID,
    company_id: UUID,
    now: datetime,
    tags: Json,
    origin: Origin,
) -> bool:
    """Insert the row. Returns False, and does nothing, if the subject has a saga of this name, queued or started."""
    values = {
        "id": new_id(), "after": after_saga_id, "company": company_id, "name": name, "subject": subject_id,
        "target": target_id, "tags": db.as_json(tags), "now": now, **origin.as_columns(),
    }  # fmt: skip
    return db.run(_INSERT_QUEUED_SAGA, values).rowcount == 1
