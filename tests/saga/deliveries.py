"""Relay, broker and workers in one hand, for tests that decide themselves what is delivered when, and how often."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text

from kit import db
from kit.db import Json
from saga.engine import perform
from saga.engine.declaration import Saga
from saga.engine.flow import ADVANCE
from saga.engine.journal import Ref

_TAKE = text("DELETE FROM outbox RETURNING id, kind, body")


@dataclass
class Deliveries:
    """Tasks on their way to these sagas, and the events that were announced."""

    sagas: tuple[Saga, ...]
    tasks: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)

    def find(self, name: str, version: int) -> Saga:
        return next(saga for saga in self.sagas if (saga.name, saga.version) == (name, version))

    def collect(self) -> None:
        """Take over everything in the outbox, retries that are not due yet included."""
        with db.operator_transaction() as session:
            for _, kind, body in sorted(session.execute(_TAKE)):
                if kind == "event":
                    self.events.append(body)
                else:
                    self.tasks.extend(body["header"] if kind == "chord" else [body])

    def deliver(self, task: Json) -> None:
        """Have a worker run the task."""
        self.delivered.append(task["task"])
        ref = Ref(UUID(task["kwargs"]["saga_id"]), UUID(task["kwargs"]["company_id"]))
        if task["task"] == ADVANCE:
            return perform.advance(ref, self.find)
        for saga in self.sagas:
            for step in saga.steps.values():
                if task["task"] == step.task:
                    return perform.take_step(ref, step.name, self.find)
                if step.undo_name and task["task"] == step.undo_task:
                    return perform.take_undo(ref, step.name, self.find)
        raise AssertionError(f"nobody knows {task['task']}")

    def until_quiet(self) -> None:
        """Deliver everything, in order, until nothing is on its way."""
        self.collect()
        while self.tasks:
            self.deliver(self.tasks.pop(0))
            self.collect()
