"""A test harness for the saga engine: scripted steps on the real journal."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import text

from kit import clock, db
from kit.errors import Conflict
from kit.ids import new_id
from kit.tenancy import Tenant
from saga.engine import signals, state_machine, task_messages
from saga.engine.definition import Ending, Hook, Saga
from saga.engine.journal import locked
from saga.engine.locked_saga import SagaRef
from saga.engine.models import Incident, SagaRow, SignalRow
from saga.engine.queries import Timeline, timeline
from saga.engine.start import start
from saga.engine.step import Step, step
from saga.engine.step_functions import Call, Outcome, StepFunction, Subject
from saga.engine.waits import Signal
from tests import factories
from tests.saga.interruptions import checkpoint
from tests.saga.message_deliveries import Deliveries

_OVERDUE = "UPDATE sagas SET due_at = now() - interval '1 second' WHERE ended_at IS NULL"


class Broken(Conflict):
    """It is broken."""

    code = "broken"


@dataclass
class Script:
    """The calls of all steps, in order, and the scripted answers: an outcome, an error to raise, or a call."""

    calls: list[str] = field(default_factory=list)
    answers: dict[str, list[Any]] = field(default_factory=dict)

    def step(self, name: str, *, undo: bool = True, **options: Any) -> Step:
        """A step of this name, with an undo named `un_<name>`."""
        reason = None if undo else "no way back"
        made = step(area="toys", irreversible=reason, **options)(self._act(name))
        if undo:
            made.undo(self._act(f"un_{name}"))
        return made

    def calling(self, name: str) -> Step:
        """A step that makes the outside call `name`, and its undo the outside call `un_<name>`."""
        made = step(area="toys")(self._calling(name))
        made.undo(self._calling(f"un_{name}"))
        return made

    def _calling(self, name: str) -> StepFunction:
        def call() -> Outcome:
            checkpoint("call")
            answer = self._answer(name)
            checkpoint("answer")
            return answer

        def act(subject: Subject) -> Generator[Call, Outcome, Outcome]:
            answer = yield call
            self.calls.append(f"{name} heard")
            return answer

        act.__name__ = name
        return act

    def hook(self, name: str) -> Hook:
        """A hook of this name."""

        def hook(endings: Sequence[Ending]) -> None:
            for _ in endings:
                self._answer(name)

        return hook

    def _act(self, name: str) -> Callable[[Subject], Outcome]:
        def act(subject: Subject) -> Outcome:
            return self._answer(name)

        act.__name__ = name
        return act

    def _answer(self, name: str) -> Any:
        self.calls.append(name)
        waiting = self.answers.get(name, [])
        answer = waiting.pop(0) if waiting else None
        if isinstance(answer, BaseException):
            raise answer
        return answer


@dataclass
class SagaHarness:
    """Runs sagas of one company."""

    database: str
    script: Script = field(default_factory=Script)
    company_id: UUID = field(init=False)

    def __post_init__(self) -> None:
        self.company_id = factories.make_company().id

    def saga(self, *stages: Any, name: str = "toy", undoable: bool = True, **options: Any) -> Saga:
        """A saga of these stages; its hooks are `when_done` and `when_undone` in the script."""
        hooks = {"when_done": self.script.hook("when_done"), "when_undone": self.script.hook("when_undone")}
        return Saga(name, *stages, **hooks | ({} if undoable else {"when_undone": None}), **options)

    def start(self, saga: Saga, *, deliveries: Deliveries | None = None) -> tuple[SagaRef, Deliveries]:
        """Start a saga. Returns it with the deliveries that hold its messages."""
        with db.transaction(Tenant(company_id=self.company_id)):
            saga_id = start(saga, subject_id=new_id(), company_id=self.company_id, now=clock.now())
        deliveries = deliveries or Deliveries((saga,))
        deliveries.collect()
        return SagaRef(saga_id, self.company_id), deliveries

    def run(self, saga: Saga) -> SagaRef:
        """Start a saga and deliver all its messages."""
        ref, deliveries = self.start(saga)
        deliveries.deliver_all()
        return ref

    def stop(self, ref: SagaRef, deliveries: Deliveries) -> None:
        """Request the saga to stop."""
        with locked(ref, deliveries.find) as saga:
            state_machine.request_stop(saga, reason="not wanted", by="test")

    def signal(self, ref: SagaRef, deliveries: Deliveries, signal: Signal[Any], payload: Any) -> str:
        """Send the saga a signal."""
        return signals.signal(ref, deliveries.find, signal=signal, payload=payload, by="test")

    def received(self, ref: SagaRef) -> list[tuple[str, Any]]:
        """The signals that were recorded for the saga: the result and the payload of each."""
        with db.operator_transaction():
            session = db.session()
            rows = session.query(SignalRow).filter_by(saga_id=ref.saga_id).order_by(SignalRow.id)
            return [(row.result, row.payload) for row in rows]

    def timeline(self, ref: SagaRef) -> Timeline:
        with db.transaction(Tenant(company_id=self.company_id)):
            session = db.session()
            return timeline(session.get_one(SagaRow, ref.saga_id))

    def state(self, ref: SagaRef) -> str:
        return self.timeline(ref).saga.state

    def steps(self, ref: SagaRef) -> dict[str, str]:
        """The state of each step."""
        return {step.step: step.state for step in self.timeline(ref).steps}

    def events(self, ref: SagaRef) -> list[str]:
        """The saga's history in order, each entry as `event` or `step event`."""
        return [f"{each.step} {each.event}" if each.step else each.event for each in self.timeline(ref).events]

    def incidents(self, ref: SagaRef) -> list[Incident]:
        with db.operator_transaction():
            session = db.session()
            return session.query(Incident).filter_by(saga_id=ref.saga_id).all()

    def expire_deadlines(self) -> None:
        self.sql(_OVERDUE)

    def sql(self, statement: str) -> list[Any]:
        """Run a statement as the database's superuser. Returns its rows."""
        with psycopg.connect(self.database, autocommit=True) as owner:
            cursor = owner.execute(statement)
            return cursor.fetchall() if cursor.description else []


def outbox() -> list[dict[str, Any]]:
    """The tasks and chords in the outbox, the oldest first."""
    with db.operator_transaction():
        session = db.session()
        rows = session.execute(text("SELECT body, company_id FROM outbox WHERE kind <> 'event' ORDER BY id"))
        return [task_messages.expand(body, company_id=company_id) for body, company_id in rows]
