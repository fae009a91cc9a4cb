"""Read the journal, as far as the current transaction may see it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select

from kit import db
from kit.db import Json
from kit.errors import NotFound
from saga.engine.models import ENDED, Incident, SagaRow, SignalRow, StepRow


class AwaitedSignal(NamedTuple):
    """What a saga is waiting for, and until when (UTC)."""

    signal: str
    until: datetime


class HistoryEvent(NamedTuple):
    """One transition of a saga or, if `step` is set, of this step, or of the wait for the signal of this name.

    `number` is the position of the event in the saga's history.
    """

    number: int
    step: str | None
    event: str
    detail: Json | None
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Timeline:
    """A saga with its steps in order of declaration and its events in order of time.

    `incident` is the open incident of a stuck saga; `signals` are those that came for the saga, the oldest first.
    """

    saga: SagaRow
    steps: Sequence[StepRow]
    events: Sequence[HistoryEvent]
    incident: Incident | None
    signals: Sequence[SignalRow] = ()

    @property
    def awaited(self) -> AwaitedSignal | None:
        """The signal that the saga is waiting for; None if it is not waiting."""
        waits = (step.step for step in self.steps if step.state == "waiting" and self.saga.state == "waiting")
        return next((AwaitedSignal(signal, self.saga.due_at) for signal in waits), None)

    def state_of(self, step: StepRow) -> str:
        """The state of the step; a failed step stays `failed` once it is undone."""
        has_failed = any(event.event == "failed" and event.step == step.step for event in self.events)
        return "failed" if has_failed and step.state == "undone" else step.state


class SagaState(NamedTuple):
    """The state of a saga, and whether it was asked to stop."""

    id: UUID
    state: str
    stop_requested: bool = False


_READ_STATE = """
    SELECT id, state, stop_requested IS NOT NULL FROM sagas WHERE subject_id = %(subject)s AND name = %(name)s"""


def saga_state(name: str, *, subject_id: UUID) -> SagaState | None:
    """Return the state of the saga of this name about this subject; None if there is none, or it was pruned."""
    row = db.run(_READ_STATE, {"subject": subject_id, "name": name}).fetchone()
    return SagaState(*row) if row else None


def sagas_about(*, subject_id: UUID) -> list[SagaRow]:
    """Return the sagas about this subject, the oldest first."""
    return list(db.session().scalars(select(SagaRow).where(SagaRow.subject_id == subject_id).order_by(SagaRow.id)))


def by_saga_or_subject_id(saga_or_subject_id: UUID) -> list[SagaRow]:
    """Return the saga with this id, or else the sagas about the subject with this id. Raises NotFound."""
    saga = db.session().get(SagaRow, saga_or_subject_id)
    found = [saga] if saga else sagas_about(subject_id=saga_or_subject_id)
    if not found:
        raise NotFound(f"there is no saga {saga_or_subject_id}, and no saga about it")
    return found


def list_sagas(*, limit: int, state: str | None = None, tags: dict[str, str] | None = None) -> list[SagaRow]:
    """Return the newest sagas, narrowed down to a state and to those with all of the tags."""
    query = select(SagaRow).order_by(SagaRow.id.desc()).limit(limit)
    if state is not None:
        query = query.where(SagaRow.state == state)
        if state not in ENDED:
            query = query.where(SagaRow.ended_at.is_(None))  # uses the index of open sagas, which are few
    if tags:
        query = query.where(SagaRow.tags.contains(tags))
    return list(db.session().scalars(query))


def awaited_signals(sagas: Iterable[SagaRow]) -> dict[UUID, AwaitedSignal]:
    """Return the awaited signal of each of these sagas that is waiting, by saga id."""
    waiting = {saga.id: saga for saga in sagas if saga.state == "waiting"}
    if not waiting:
        return {}
    awaited = select(StepRow.saga_id, StepRow.step).where(StepRow.saga_id.in_(waiting), StepRow.state == "waiting")
    return {
        saga_id: AwaitedSignal(signal, waiting[saga_id].due_at) for saga_id, signal in db.session().execute(awaited)
    }


_READ_HISTORY = "SELECT number, step, event, detail, happened_at FROM saga_history(%(saga)s) ORDER BY number"


def timeline(saga: SagaRow) -> Timeline:
    """Return the saga's steps, events, open incident and signals."""
    session = db.session()
    steps = session.scalars(select(StepRow).where(StepRow.saga_id == saga.id).order_by(StepRow.position)).all()
    events = [HistoryEvent(*row) for row in db.run(_READ_HISTORY, {"saga": saga.id})]
    open_incident = select(Incident).where(Incident.saga_id == saga.id, Incident.resolved_at.is_(None))
    incident = session.scalar(open_incident) if saga.state == "stuck" else None
    signals = select(SignalRow).where(SignalRow.saga_id == saga.id).order_by(SignalRow.id)
    has_waits = any("." in step.step for step in steps)
    return Timeline(saga, steps, events, incident, session.scalars(signals).all() if has_waits else ())
