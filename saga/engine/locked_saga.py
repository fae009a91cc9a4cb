"""One saga under its row lock: its state in memory, and what the transaction will write about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from kit.db import Json
from kit.ids import created_at, derived_id, new_id
from kit.messaging import outbox
from kit.messaging.origin import Origin
from saga.engine.definition import Ending, Hook, Saga
from saga.engine.errors import DefinitionMismatch
from saga.engine.step import Step
from saga.engine.step_functions import Subject
from saga.engine.waits import Wait

_STEP_TIMES = ("retry_at", "begun_at", "answered_at", "undone_at")

Transition = tuple[str, str | None, Json | None]
"""What happened (`done`), the name of the step or wait that it is about, and details."""

ANSWERED = frozenset({"done", "failed", "skipped", "expired"})


@dataclass(frozen=True, slots=True)
class SagaRef:
    """The id of a saga and of its company: every message about a saga carries both."""

    saga_id: UUID
    company_id: UUID

    def __hash__(self) -> int:
        return hash(self.saga_id.int)  # refs are looked up a hundred times an order, and UUIDs are hashed in Python

    def task_id(self, task: str) -> str:
        """The Celery id of a task of this saga: the same each time the task is sent."""
        return str(derived_id(self.saga_id, task))


@dataclass(slots=True)
class StepState:
    """The state of one step, or of one wait: its row in saga_steps (see models.StepRow)."""

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
        """When the step was begun, answered and undone, and when it is retried."""
        return [getattr(self, name) for name in _STEP_TIMES]


@dataclass(slots=True)
class LockedSaga:
    """A saga whose row lock this transaction holds. The state machine changes it; the journal writes it back."""

    definition: Saga
    ref: SagaRef
    subject_id: UUID
    state: str
    stage: int
    stop_requested: Json | None
    failure: Json | None
    steps: dict[str, StepState]
    now: datetime
    due_at: datetime
    ended_at: datetime | None = None
    origin: Origin = field(default_factory=Origin)
    """Where the saga comes from: what it does has the same origin."""
    continue_inline: bool = False
    """Whether to continue after a parallel stage within this transaction, instead of sending `saga.advance`."""
    continued: bool = False
    """Whether the transaction has continued the saga inline: no `saga.advance` was sent."""
    outcome_hook: Hook | None = None
    """The hook to run at the end, if this transaction decides the outcome. Waiting requests are notified, too."""
    has_call_under_way: bool = False
    """Whether an external call follows this transaction: the saga has more time until it counts as stalled."""
    grace_period: timedelta = timedelta(0)
    """The time until the saga may count as stalled, at least."""
    changed_steps: set[str] = field(default_factory=set)
    transitions: list[Transition] = field(default_factory=list)
    messages: list[Json] = field(default_factory=list)
    incidents: list[Json] = field(default_factory=list)
    due_at_read: datetime = field(init=False)
    """`due_at` as it was read: another process that moves the saga changes it."""

    def __post_init__(self) -> None:
        self.due_at_read = self.due_at

    def record_event(self, event: str, step: Step | Wait | None = None, detail: Json | None = None) -> None:
        """Add a transition to the saga's history. If it names a step or a wait, the state of that is written back."""
        self.transitions.append((event, step.name if step else None, detail))
        if step:
            self.changed_steps.add(step.name)

    def check_definition(self) -> None:
        """Raise DefinitionMismatch unless the saga has the steps, order and stages of its definition."""
        if tuple((state.step, state.stage) for state in self.steps.values()) != self.definition.shape:
            version = f"{self.definition.name} version {self.definition.version}"
            raise DefinitionMismatch(f"saga {self.ref.saga_id} started with another definition of {version}")

    def step_state(self, step: Step | Wait) -> StepState:
        """The state of the step, or of the wait."""
        return self.steps[step.name]

    @property
    def wait(self) -> Wait | None:
        """The wait that the saga is at, if its current stage is one."""
        stages = self.definition.main_stages
        return stages[self.stage].wait if self.stage < len(stages) else None

    @property
    def outcomes(self) -> Mapping[str, Json]:
        """The outcomes so far, by the name of the step or signal."""
        return {
            name: each.outcome for name, each in self.steps.items() if each.state == "done" and each.outcome is not None
        }

    def idle_time(self) -> timedelta:
        """The time since a step was last begun, answered, undone or due for its retry."""
        times = (time for state in self.steps.values() for time in state.times if time)
        return self.now - max(times, default=created_at(self.ref.saga_id))

    def subject(self, step: Step | None = None) -> Subject:
        """The saga's subject, as the step receives it; without a step, as the hooks receive it."""
        key = f"{self.ref.saga_id}:{step.name if step else self.state}"
        begun_at = self.step_state(step).begun_at if step else None
        begun_before = begun_at is not None and begun_at < self.now
        return Subject(
            self.subject_id, self.ref.company_id, self.ref.saga_id, self.now, key, begun_before, self.outcomes
        )

    def ending(self) -> Ending:
        """The argument for the saga's hooks."""
        return Ending(self.subject(), self.failure, self.stop_requested)

    def is_answered(self, stage: int) -> bool:
        """Whether every step of the stage is done, failed or skipped; or its wait is over."""
        return all(self.step_state(entry).state in ANSWERED for entry in self.definition.stages[stage].entries)

    def is_sequential(self, stage: int) -> bool:
        """Whether the stage has a single step."""
        return len(self.definition.stages[stage].steps) == 1

    def is_parallel(self, stage: int) -> bool:
        """Whether the stage has several steps, which run in parallel."""
        return len(self.definition.stages[stage].steps) > 1

    def end(self, state: str) -> None:
        """End the saga as `done` or `undone`."""
        self.state, self.ended_at = state, self.now
        self.record_event(state)

    def open_incident(self, step: Step | Wait, error: Json, attempts: int) -> None:
        """Make the saga stuck, until an operator acts on the incident."""
        incident = {
            "id": str(new_id()), "step": step.name, "phase": self.state, "error": error, "attempts": attempts,
        }  # fmt: skip
        self.incidents.append(incident)
        self.record_event("incident", step, error)
        self.state = "stuck"

    def send_task(self, task: str, *, at: datetime | None = None) -> None:
        """Send this task for the saga, not before `at`."""
        self._send("task", {"task": task}, at)

    def send_chord(self, stage: int, body: str) -> None:
        """Send the steps of a stage as the header of one chord, whose body is the task `body`."""
        header = [step.task for step in self.definition.stages[stage].steps]
        self._send("chord", {"stage": stage, "header": header, "body": body})

    def send_messages(self) -> None:
        """Put the messages into the outbox, in this transaction."""
        for message in self.messages:
            outbox.send(**message, company_id=self.ref.company_id)

    def _send(self, kind: str, names: Json, at: datetime | None = None) -> None:
        """Write ids and names to the outbox: task_messages.expand() has the rest."""
        ids = {"saga_id": str(self.ref.saga_id), "subject_id": str(self.subject_id)}
        body = {**ids, **names, **self.origin.request_fields}
        self.messages.append({"kind": kind, "body": body, "available_at": at or self.now})
