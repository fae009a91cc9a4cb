"""Reading the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from kit import db
from saga.engine.tables import SagaEvent, SagaRow, StepRow


@dataclass(frozen=True, slots=True)
class Timeline:
    """A saga with its steps in order of declaration and everything that happened to it, in order."""

    saga: SagaRow
    steps: Sequence[StepRow]
    events: Sequence[SagaEvent]


def sagas_of(*, subject_id: UUID) -> list[SagaRow]:
    """The sagas about this subject, the oldest first, of those the current transaction may see."""
    return list(db.session().scalars(select(SagaRow).where(SagaRow.subject_id == subject_id).order_by(SagaRow.id)))


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
    return Timeline(saga, steps.all(), events.all())
