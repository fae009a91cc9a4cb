"""Reading the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from kit import db
from kit.errors import NotFound
from saga.engine.tables import Incident, SagaEvent, SagaRow, StepRow


@dataclass(frozen=True, slots=True)
class Timeline:
    """A saga with its steps in order of declaration, everything that happened to it, in order, and what it waits for.

    `incident` is the open one, which a stuck saga has.
    """

    saga: SagaRow
    steps: Sequence[StepRow]
    events: Sequence[SagaEvent]
    incident: Incident | None


def sagas_of(*, subject_id: UUID) -> list[SagaRow]:
    """The sagas about this subject, the oldest first, of those the current transaction may see."""
    return list(db.session().scalars(select(SagaRow).where(SagaRow.subject_id == subject_id).order_by(SagaRow.id)))


def by_id(saga_or_subject_id: UUID) -> list[SagaRow]:
    """The saga of this id, or else those about this subject; raises NotFound when there are none."""
    saga = db.session().get(SagaRow, saga_or_subject_id)
    found = [saga] if saga else sagas_of(subject_id=saga_or_subject_id)
    if not found:
        raise NotFound(f"there is no saga {saga_or_subject_id}, and no saga about it")
    return found


def sagas(*, limit: int, state: str | None = None, tags: dict[str, str] | None = None) -> list[SagaRow]:
    """The newest sagas, narrowed down to a state and to those that carry all of the tags."""
    query = select(SagaRow).order_by(SagaRow.id.desc()).limit(limit)
    if state is not None:
        query = query.where(SagaRow.state == state)
    if tags:
        query = query.where(SagaRow.tags.contains(tags))
    return list(db.session().scalars(query))


def timeline(saga: SagaRow) -> Timeline:
    """Where the saga stands, and how it got there."""
    session = db.session()
    steps = session.scalars(select(StepRow).where(StepRow.saga_id == saga.id).order_by(StepRow.position))
    events = session.scalars(select(SagaEvent).where(SagaEvent.saga_id == saga.id).order_by(SagaEvent.id))
    open_incident = select(Incident).where(Incident.saga_id == saga.id, Incident.resolved_at.is_(None))
    incident = session.scalar(open_incident) if saga.state == "stuck" else None
    return Timeline(saga, steps.all(), events.all(), incident)
