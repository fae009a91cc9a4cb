"""The journal: sagas are read under their row locks, moved in memory, and written back in one statement.

Every engine transaction takes its sagas' locks first, in the order of their ids, so two of them never decide about one
saga at the same time, and business rows are only ever locked after it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kit import clock, db
from kit.db import Json
from kit.errors import NotFound
from kit.ids import created_at, derived_id
from kit.messaging import outbox, pg_notify
from kit.process import logs
from saga.engine.declaration import Ending, Hook, Saga, Step, Subject
from saga.engine.errors import OtherDefinition

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

    def task_id(self, task: str) -> str:
        """The id of this task of the saga: sent again, it is still the same task."""
        return str(derived_id(self.saga_id, task))


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
    goes_on: bool = False
    """Whether who holds it takes it on once a parallel stage has answered; or else the chord's body is sent."""
    joined: bool = False
    """Whether that is what has happened: what the body would have done is being done."""
    decided: Hook | None = None
    """Who is to be told that this transaction makes the outcome sure; whoever waits for it is woken, too."""
    rounds: int = 0
    """Of outside calls that follow, its own among them; each may take longer than a move of the saga otherwise does."""
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

    def check_definition(self) -> None:
        """Raise OtherDefinition unless the saga's steps, their order and their stages are those of its definition."""
        if tuple((state.step, state.stage) for state in self.steps.values()) != self.definition.shape:
            named = f"{self.definition.name} version {self.definition.version}"
            raise OtherDefinition(f"saga {self.ref.saga_id} began with another definition of {named}")

    def of(self, step: Step) -> StepState:
        """Where the step stands."""
        return self.steps[step.name]

    def stood_still(self) -> timedelta:
        """How long it is since a step was last begun, answered, undone or due."""
        times = (time for state in self.steps.values() for time in state.times if time)
        return self.now - max(times, default=created_at(self.ref.saga_id))

    def subject(self, step: Step | None = None) -> Subject:
        """What the saga is about, as the step (or a hook) shall see it."""
        key = f"{self.ref.saga_id}:{step.name if step else self.state}"
        begun_at = self.of(step).begun_at if step else None
        again = begun_at is not None and begun_at < self.now
        return Subject(self.subject_id, self.ref.company_id, self.ref.saga_id, self.now, key, again)

    def ending(self) -> Ending:
        """What the hooks are told."""
        return Ending(self.subject(), self.failure, self.stop_requested)

    def answered(self, stage: int) -> bool:
        """Whether every step of the stage has its answer."""
        return all(self.of(step).state in ANSWERED for step in self.definition.stages[stage].steps)

    def is_parallel(self, stage: int) -> bool:
        """Whether the stage is several steps that are taken at the same time."""
        return len(self.definition.stages[stage].steps) > 1

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
        request_id = logs.request_id(self.subject_id)
        return {
            **({"requestid": request_id} if request_id else {}),
            "task": name,
            "id": self.ref.task_id(name),
            "root": str(self.ref.saga_id),
            "kwargs": {
                "saga_id": str(self.ref.saga_id),
                "company_id": str(self.ref.company_id),
                "order_id": str(self.subject_id),
            },
        }


# Sets the tenant, takes the sagas' row locks, and only then reads them, a row a step: see migrations/versions/0010.
_OPEN = "SELECT * FROM open_sagas(%(ids)s, %(company)s)"
_OF_THE_SAGA = 10  # columns, before those of the step

# The keys are given once more as a list, by which PostgreSQL finds the rows whatever it believes about the tables.
_WRITE = """
    WITH steps AS (
        UPDATE saga_steps s
        SET state = c.state, attempts = c.attempts, undo_attempts = c.undo_attempts, outcome = c.outcome,
            error = c.error, retry_at = c.retry_at, begun_at = c.begun_at, answered_at = c.answered_at,
            undone_at = c.undone_at
        FROM jsonb_to_recordset(%(steps)s) AS c (
            saga_id uuid, step text, state text, attempts int, undo_attempts int, outcome jsonb, error jsonb,
            retry_at timestamptz, begun_at timestamptz, answered_at timestamptz, undone_at timestamptz)
        WHERE s.saga_id = ANY(%(ids)s) AND (s.saga_id, s.step) = (c.saga_id, c.step)
    ), history AS (
        INSERT INTO saga_events (saga_id, company_id, step, event, detail, happened_at)
        SELECT e.saga_id, %(company)s, e.step, e.event, e.detail, %(now)s
        FROM jsonb_to_recordset(%(events)s) AS e (saga_id uuid, step text, event text, detail jsonb)
    ), sending AS (
        INSERT INTO outbox (company_id, kind, body, available_at)
        SELECT %(company)s, o.kind, o.body, coalesce(o.available_at, %(now)s)
        FROM jsonb_to_recordset(%(sent)s) AS o (kind text, body jsonb, available_at timestamptz)
    ), trouble AS (
        INSERT INTO incidents (id, saga_id, company_id, step, phase, error, attempts, opened_at)
        SELECT i.id, i.saga_id, %(company)s, i.step, i.phase, i.error, i.attempts, %(now)s
        FROM jsonb_to_recordset(%(incidents)s)
            AS i (id uuid, saga_id uuid, step text, phase text, error jsonb, attempts int)
    )
    UPDATE sagas s
    SET state = c.state, stage = c.stage, stop_requested = c.stop_requested, failure = c.failure, due_at = c.due_at,
        ended_at = c.ended_at
    FROM jsonb_to_recordset(%(sagas)s) AS c (
        id uuid, state text, stage int, stop_requested jsonb, failure jsonb, due_at timestamptz, ended_at timestamptz,
        notice text)
    WHERE s.id = ANY(%(ids)s) AND s.id = c.id
    RETURNING CASE WHEN c.notice IS NOT NULL THEN pg_notify(%(channel)s, c.notice) END"""


@contextmanager
def locked(ref: Ref, find: Find) -> Iterator[OpenSaga]:
    """One transaction that holds the saga's lock; what was noted is written at its end, or nothing is.

    Raises UnknownSaga when the company has no such saga; UnknownVersion and OtherDefinition as all_locked does.
    """
    with all_locked([ref], find) as [saga]:
        yield saga


@contextmanager
def all_locked(refs: Sequence[Ref], find: Find, *, goes_on: bool = False) -> Iterator[list[OpenSaga]]:
    """One transaction that holds the locks of several sagas of one company; one that is named twice is opened once.

    Raises UnknownSaga when the company has no such saga as one of them, UnknownVersion when one is of a version that
    `find` does not know, OtherDefinition when one began with other steps than the definition has now.
    """
    with db.transaction():
        sagas = _opened(refs, find)
        for saga in sagas:
            saga.goes_on = goes_on
        yield sagas
        tell_endings(sagas)
        changed = [saga for saga in sagas if saga.events]
        if changed:
            db.run(_WRITE, _written(changed, outbox.take_pending()))


def _opened(refs: Sequence[Ref], find: Find) -> list[OpenSaga]:
    wanted = {ref.saga_id: ref for ref in refs}
    rows = db.run(_OPEN, {"ids": list(wanted), "company": refs[0].company_id}).fetchall()
    now = clock.now()
    opened: dict[UUID, OpenSaga] = {}
    for row in rows:
        saga = opened.get(row[0])
        if saga is None:
            saga_id, name, version, subject_id, state, stage, stop, failure, due_at, ended_at = row[:_OF_THE_SAGA]
            saga = opened[saga_id] = OpenSaga(
                find(name, version), wanted[saga_id], subject_id, state, stage, stop, failure, {}, now, due_at, ended_at
            )
        state = StepState(*row[_OF_THE_SAGA:])
        saga.steps[state.step] = state
    if len(opened) < len(wanted):
        raise UnknownSaga
    for saga in opened.values():
        saga.check_definition()
    return list(opened.values())


def tell_endings(sagas: Sequence[OpenSaga]) -> None:
    """Tell the hooks of what has been decided, all that end in the same way together."""
    told: dict[Hook, list[Ending]] = defaultdict(list)
    for saga in sagas:
        if saga.decided:
            told[saga.decided].append(saga.ending())
    for hook, endings in told.items():
        hook(endings)


def _written(sagas: Sequence[OpenSaga], announced: list[Json]) -> dict[str, Any]:
    first = sagas[0]
    return {
        "ids": [saga.ref.saga_id for saga in sagas], "company": first.ref.company_id, "now": first.now,
        "channel": pg_notify.CHANNEL,
        "sagas": db.as_json([_moved(saga) for saga in sagas]),
        "steps": db.as_json([_told(saga, name) for saga in sagas for name in sorted(saga.changed)]),
        "events": db.as_json([_of(saga, event) for saga in sagas for event in saga.events]),
        "sent": db.as_json([*announced, *(message for saga in sagas for message in saga.sent)]),
        "incidents": db.as_json([_of(saga, incident) for saga in sagas for incident in saga.incidents]),
    }  # fmt: skip


def _moved(saga: OpenSaga) -> Json:
    return {
        "id": saga.ref.saga_id, "state": saga.state, "stage": saga.stage, "stop_requested": saga.stop_requested,
        "failure": saga.failure, "due_at": _due(saga), "ended_at": saga.ended_at,
        "notice": pg_notify.channel_payload(saga.subject_id) if saga.decided else None,
    }  # fmt: skip


def _of(saga: OpenSaga, told: Json) -> Json:
    return {"saga_id": saga.ref.saga_id, **told}


def _told(saga: OpenSaga, step: str) -> Json:
    return _of(saga, {name: getattr(saga.steps[step], name) for name in StepState.__slots__})


def _due(saga: OpenSaga) -> datetime:
    retries = [state.retry_at for state in saga.steps.values() if state.retry_at]
    deadline = saga.definition.call_deadline * saga.rounds or saga.definition.deadline
    return max([saga.now, *retries]) + max(timedelta(seconds=deadline), saga.grace)
