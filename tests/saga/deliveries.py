"""Relay, broker and workers in one hand, for tests that decide themselves what is delivered when, and how often."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text

from kit import db
from kit.db import Json
from kit.tenancy import Tenant
from saga.engine import perform
from saga.engine.declaration import Saga
from saga.engine.flow import ADVANCE
from saga.engine.journal import Ref
from workers import notifications, reactions

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

    def deliver(self, *tasks: Json) -> None:
        """Have a worker run these tasks of one name and one company, together."""
        name, given = tasks[0]["task"], [task["kwargs"] for task in tasks]
        self.delivered += [name] * len(tasks)
        if name == "notifications.send_mail":
            owner = Tenant(company_id=UUID(given[0]["company_id"]))
            return notifications.send(owner, [UUID(each["mail_id"]) for each in given])
        refs = [Ref(UUID(each["saga_id"]), UUID(each["company_id"])) for each in given]
        if name == ADVANCE:
            return perform.advance(refs, self.find)
        for step in (step for saga in self.sagas for step in saga.steps.values()):
            if name == step.task:
                return perform.take_step(refs, step.name, self.find)
            if step.undo_name and name == step.undo_task:
                return perform.take_undo(refs, step.name, self.find)
        raise AssertionError(f"nobody knows {name}")

    def deliver_next(self, name: str) -> None:
        """Deliver the first waiting task of this name, and look into the outbox for what it asked for."""
        self.collect()
        task = next(task for task in self.tasks if task["task"] == name)
        self.tasks.remove(task)
        self.deliver(task)
        self.collect()

    def until_quiet(self) -> None:
        """Deliver everything, in order, until nothing is on its way."""
        self.collect()
        while self.tasks:
            self.deliver(self.tasks.pop(0))
            self.collect()

    def together_until_quiet(self) -> None:
        """Deliver everything, all waiting tasks of one name at once, until nothing is on its way; then the events."""
        self.collect()
        while self.tasks:
            name = self.tasks[0]["task"]
            together = [task for task in self.tasks if task["task"] == name]
            self.tasks = [task for task in self.tasks if task["task"] != name]
            self.deliver(*together)
            self.collect()
        reactions.react("notification.events", self.events)
        self.events.clear()

    def hear_everything(self) -> None:
        """Have every announced event acted on, which is when buyers and merchants get their mails."""
        self.collect()
        while self.events:
            reactions.react("notification.events", [self.events.pop(0)])
            self.collect()
