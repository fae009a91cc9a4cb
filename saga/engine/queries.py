"""Reading the journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, or_, select

from kit import db
from kit.errors import NotFound
from kit.paging import page
from saga.engine.tables import ENDED, Incident, SagaEvent, SagaRow, StepRow


@dataclass(frozen=True, slots=True)
class Timeline:
    """A saga with its steps in order of declaration, everything that happened to it, in order, and what it waits for.

    `incident` is the open one, which a stuck saga has.
    """

    saga: SagaRow
    steps: Sequence[StepRow]
    events: Sequence[SagaEvent]
    incident: Incident | None

    def state_of(self, step: StepRow) -> str:
        """The step's state; `failed` for the one that could not be done, also once its undo has made sure of that."""
        has_failed = any(event.event == "failed" and event.step == step.step for event in self.events)
        return "failed" if has_failed and step.state == "undone" else step.state


@dataclass(frozen=True, slots=True)
class Which:
    """Which incidents: those still open (or settled since), of this step, error code, saga and company; None: any."""

    step: str | None = None
    error: str | None = None
    saga: str | None = None
    company_id: UUID | None = None
    settled: bool = False

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same, as SQL about an incident and its saga."""
        wanted = (
            (Incident.step, self.step),
            (Incident.error["code"].astext, self.error),
            (SagaRow.name, self.saga),
            (Incident.company_id, self.company_id),
        )
        settled = Incident.resolved_at.is_not(None) if self.settled else Incident.resolved_at.is_(None)
        return [settled, *(column == value for column, value in wanted if value is not None)]


def sagas_of(*, subject_id: UUID) -> list[SagaRow]:
    """The sagas about this subject, the oldest first, of those the current transaction may see."""
    return list(db.session().scalars(select(SagaRow).where(SagaRow.subject_id == subject_id).order_by(SagaRow.id)))


class Standing(NamedTuple):
    """Where a saga stands."""

    id: UUID
    state: str
    stop_requested: bool = False
    """Whether somebody has asked to cancel what it is about."""


_STANDING = "SELECT id, state, stop_requested IS NOT NULL FROM sagas WHERE subject_id = %(subject)s AND name = %(name)s"


def standing(name: str, *, subject_id: UUID) -> Standing | None:
    """Where the saga of this name about this subject stands; None when there is none, or its journal is over."""
    row = db.run(_STANDING, {"subject": subject_id, "name": name}).fetchone()
    return Standing(*row) if row else None


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
        if state not in ENDED:
            query = query.where(SagaRow.ended_at.is_(None))  # for its index: few of all are open
    if tags:
        query = query.where(SagaRow.tags.contains(tags))
    return list(db.session().scalars(query))


def incidents(which: Which, *, limit: int, after: UUID | None = None) -> list[Row[tuple[Incident, SagaRow]]]:
    """Incidents with their sagas, the oldest first, from behind the one with the id `after`."""
    query = _INCIDENTS.where(*which.conditions())
    return list(db.session().execute(page(query, Incident.id, limit=limit, after=after)))


def how_many(which: Which) -> int:
    """How many incidents there are of this kind."""
    query = select(func.count()).select_from(Incident).join(SagaRow, SagaRow.id == Incident.saga_id)
    return db.session().scalars(query.where(*which.conditions())).one()


def incidents_about(wanted: UUID) -> list[Row[tuple[Incident, SagaRow]]]:
    """The open incidents with this id, of the saga with this id, or of the sagas about the subject with this id."""
    about = or_(Incident.id == wanted, SagaRow.id == wanted, SagaRow.subject_id == wanted)
    return list(db.session().execute(_INCIDENTS.where(about, *Which().conditions()).order_by(Incident.id)))


_INCIDENTS = select(Incident, SagaRow).join(SagaRow, SagaRow.id == Incident.saga_id)


def timeline(saga: SagaRow) -> Timeline:
    """Where the saga stands, and how it got there."""
    session = db.session()
    steps = session.scalars(select(StepRow).where(StepRow.saga_id == saga.id).order_by(StepRow.position))
    events = session.scalars(select(SagaEvent).where(SagaEvent.saga_id == saga.id).order_by(SagaEvent.id))
    open_incident = select(Incident).where(Incident.saga_id == saga.id, Incident.resolved_at.is_(None))
    incident = session.scalar(open_incident) if saga.state == "stuck" else None
    return Timeline(saga, steps.all(), events.all(), incident)
