"""The journal: a saga is read under its row lock, moved in memory, and written back in one statement.

Every engine transaction takes the saga's lock first, so two of them never decide about one saga at the same time, and
business rows are only ever locked after it.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kit import clock, db, logs, notices, outbox
from kit.db import Json
from kit.errors import NotFound
from kit.ids import derived_id, made_at
from saga.engine.declaration import Ending, Saga, Step, Subject

Find = Callable[[str, int], Saga]
"""Looks up a saga's declaration by name and version; the registry's."""

_STEP_TIMES = ("retry_at", "begun_at", "answered_at", "undone_at")

ANSWERED = frozenset({"done", "failed", "skipped"})


class UnknownSaga(NotFound):
    """There is no such saga in this company."""

    code = "unknown_saga"


@dataclass(frozen=True, slots=True)
class Ref:
    """Which saga, of which company: what every message about a saga carries."""

    saga_id: UUID
    company_id: UUID


@dataclass(slots=True)
class StepState:
    """Where one step stands (see tables.StepRow)."""

    step: str
    stage: int
    state: str
    attempts: int
    undo_attempts: int
    outcome: Json | None
    error: Json | None
    retry_at: datetime | None
    begun_at: datetime | None
    answered_at: datetime | None
    undone_at: datetime | None

    @property
    def times(self) -> list[datetime | None]:
        """When it was, or will be, moved."""
        return [getattr(self, name) for name in _STEP_TIMES]


@dataclass(slots=True)
class OpenSaga:
    """A saga held under its row lock for the length of one transaction."""

    definition: Saga
    ref: Ref
    subject_id: UUID
    state: str
    stage: int
    stop_requested: Json | None
    failure: Json | None
    steps: dict[str, StepState]
    now: datetime
    due_at: datetime
    ended_at: datetime | None = None
    settled: bool = False
    """Whether this transaction makes the outcome sure: whoever waits for it is woken."""
    calling: bool = False
    """Whether an outside call follows, which may take longer than a move of the saga otherwise does."""
    grace: timedelta = timedelta(0)
    """How long to leave it alone at least."""
    changed: set[str] = field(default_factory=set)
    events: list[Json] = field(default_factory=list)
    sent: list[Json] = field(default_factory=list)
    incidents: list[Json] = field(default_factory=list)

    def note(self, event: str, step: Step | None = None, detail: Json | None = None) -> None:
        """Add a transition to the saga's history; a step that is named is written back, too."""
        self.events.append({"event": event, "step": step and step.name, "detail": detail})
        if step:
            self.changed.add(step.name)

    def of(self, step: Step) -> StepState:
        """Where the step stands."""
        return self.steps[step.name]

    def stood_still(self) -> timedelta:
        """How long it is since a step was last begun, answered, undone or due."""
        times = (time for state in self.steps.values() for time in state.times if time)
        return self.now - max(times, default=made_at(self.ref.saga_id))

    def subject(self, step: Step | None = None) -> Subject:
        """What the saga is about, as the step (or a hook) shall see it."""
        key = f"{self.ref.saga_id}:{step.name if step else self.state}"
        return Subject(self.subject_id, self.ref.company_id, self.ref.saga_id, self.now, key)

    def ending(self) -> Ending:
        """What the hooks are told."""
        return Ending(self.failure, self.stop_requested)

    def answered(self, stage: int) -> bool:
        """Whether every step of the stage has its answer."""
        return all(self.of(step).state in ANSWERED for step in self.definition.stages[stage].steps)

    def send_task(self, task: str, *, at: datetime | None = None) -> None:
        """Have this task run for this saga, not before `at`."""
        self.sent.append({"kind": "task", "body": self._task(task), "available_at": at})

    def send_chord(self, stage: int, body: str) -> None:
        """Have the steps of a stage run in parallel, as one chord whose body is the task `body`."""
        chord = {
            "id": str(derived_id(self.ref.saga_id, f"stage {stage}")),
            "header": [self._task(step.task) for step in self.definition.stages[stage].steps],
            "body": self._task(body),
        }
        self.sent.append({"kind": "chord", "body": chord})

    def _task(self, name: str) -> Json:
        request_id = logs.request_id()
        return {
            **({"requestid": request_id} if request_id else {}),
            "task": name,
            "id": str(derived_id(self.ref.saga_id, name)),  # sent again, it is still the same task
            "root": str(self.ref.saga_id),
            "kwargs": {
                "saga_id": str(self.ref.saga_id),
                "company_id": str(self.ref.company_id),
                "order_id": str(self.subject_id),
            },
        }


# Sets the tenant, takes the saga's row lock, and only then reads its steps: see migrations/versions/0001.
_OPEN = "SELECT * FROM open_saga(%(id)s, %(company)s)"

_WRITE = """
    WITH steps AS (
        UPDATE saga_steps s
        SET state = c.state, attempts = c.attempts, undo_attempts = c.undo_attempts, outcome = c.outcome,
            error = c.error, retry_at = c.retry_at, begun_at = c.begun_at, answered_at = c.answered_at,
            undone_at = c.undone_at
        FROM jsonb_to_recordset(%(steps)s) AS c (
            step text, state text, attempts int, undo_attempts int, outcome jsonb, error jsonb, retry_at timestamptz,
            begun_at timestamptz, answered_at timestamptz, undone_at timestamptz)
        WHERE s.saga_id = %(id)s AND s.step = c.step
    ), history AS (
        INSERT INTO saga_events (saga_id, company_id, step, event, detail, happened_at)
        SELECT %(id)s, %(company)s, e.step, e.event, e.detail, %(now)s
        FROM jsonb_to_recordset(%(events)s) AS e (step text, event text, detail jsonb)
    ), sending AS (
        INSERT INTO outbox (company_id, kind, body, available_at)
        SELECT %(company)s, o.kind, o.body, coalesce(o.available_at, %(now)s)
        FROM jsonb_to_recordset(%(sent)s) AS o (kind text, body jsonb, available_at timestamptz)
    ), trouble AS (
        INSERT INTO incidents (id, saga_id, company_id, step, phase, error, attempts, opened_at)
        SELECT i.id, %(id)s, %(company)s, i.step, i.phase, i.error, i.attempts, %(now)s
        FROM jsonb_to_recordset(%(incidents)s)
            AS i (id uuid, step text, phase text, error jsonb, attempts int)
    )
    UPDATE sagas
    SET state = %(state)s, stage = %(stage)s, stop_requested = cast(%(stop_requested)s AS jsonb),
        failure = cast(%(failure)s AS jsonb), due_at = %(due)s, ended_at = %(ended_at)s
    WHERE id = %(id)s
    RETURNING CASE WHEN cast(%(settled)s AS text) IS NOT NULL THEN pg_notify(%(channel)s, %(settled)s) END"""


@contextmanager
def locked(ref: Ref, find: Find) -> Iterator[OpenSaga]:
    """One transaction that holds the saga's lock; what was noted is written at its end, or nothing is.

    Raises UnknownSaga when the company has no such saga.
    """
    with db.lean_transaction():
        row = db.run(_OPEN, {"id": ref.saga_id, "company": ref.company_id}).fetchone()
        if row is None:
            raise UnknownSaga
        name, version, subject_id, state, stage, stop_requested, failure, due_at, ended_at, steps = row
        saga = OpenSaga(
            definition=find(name, version), ref=ref, subject_id=subject_id, state=state, stage=stage,
            stop_requested=stop_requested, failure=failure, steps={each["step"]: _step(each) for each in steps},
            now=clock.now(), due_at=due_at, ended_at=ended_at,
        )  # fmt: skip
        yield saga
        if saga.events:
            saga.sent[:0] = outbox.take_unwritten()
            db.finish(_WRITE, _written(saga))


def _step(told: Json) -> StepState:
    times = {name: datetime.fromisoformat(told[name]) for name in _STEP_TIMES if told[name]}
    return StepState(**{**told, **times})


def _written(saga: OpenSaga) -> dict[str, Any]:
    return {
        "id": saga.ref.saga_id, "company": saga.ref.company_id, "now": saga.now,
        "due": _due(saga), "state": saga.state, "stage": saga.stage, "ended_at": saga.ended_at,
        "stop_requested": _json(saga.stop_requested), "failure": _json(saga.failure),
        "channel": notices.CHANNEL, "settled": notices.notice(saga.subject_id) if saga.settled else None,
        "steps": _json([_told(saga.steps[name]) for name in sorted(saga.changed)]),
        "events": _json(saga.events), "sent": _json(saga.sent), "incidents": _json(saga.incidents),
    }  # fmt: skip


def _told(state: StepState) -> Json:
    return {name: getattr(state, name) for name in StepState.__slots__}


def _due(saga: OpenSaga) -> datetime:
    retries = [state.retry_at for state in saga.steps.values() if state.retry_at]
    deadline = saga.definition.call_deadline if saga.calling else saga.definition.deadline
    return max([saga.now, *retries]) + max(timedelta(seconds=deadline), saga.grace)


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, default=str)
