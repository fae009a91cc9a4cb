"""Relay, broker and workers in one object: the test decides which message is delivered when, and how often."""

from collections import defaultdict
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text

from kit import db
from kit.db import Json
from kit.messaging import kept_events
from kit.messaging.cloud_events import CloudEvent
from kit.tenancy import Tenant
from saga.engine import executor, task_messages
from saga.engine.definition import Saga
from saga.engine.errors import UnknownVersion
from saga.engine.locked_saga import SagaRef
from saga.engine.state_machine import ADVANCE
from saga.rules.started_versions import started_version
from workers.events import reactions
from workers.tasks import notifications

ENOUGH = 1_000
"""More tasks than any test needs, including the retries of a step that never succeeds."""

_TAKE = text("DELETE FROM outbox RETURNING id, company_id, kind, body")


@dataclass
class Deliveries:
    """Undelivered tasks of these sagas, and the events that were published.

    Workers send the body of a chord as a task; with `continue_inline` they run it themselves.
    """

    sagas: tuple[Saga, ...]
    continue_inline: bool = False
    tasks: list[Json] = field(default_factory=list)
    events: list[Json] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)

    def find(self, name: str, version: int | None) -> Saga:
        wanted = name, version or started_version(name)
        for saga in self.sagas:
            if (saga.name, saga.version) == wanted:
                return saga
        raise UnknownVersion

    def collect(self) -> None:
        """Take all rows from the outbox, including retries that are not due yet."""
        with db.operator_transaction():
            session = db.session()
            rows = sorted(session.execute(_TAKE))
            for _, company_id, kind, short in rows:
                body = task_messages.expand(short, company_id=company_id)
                if kind != "event":
                    self.tasks.extend(body["header"] if kind == "chord" else [body])
            ids = [UUID(event_id) for *_, kind, body in rows if kind == "event" for event_id in body.get("ids", [])]
            published = kept_events.read(ids)
            self.events.extend(event.as_json() for event in published)

    def deliver(self, *tasks: Json, by: executor.Executor | None = None) -> None:
        """Run tasks of one company in one batch: all of one undo or mail task, or all of forward steps.

        They are run `by` this executor, or by a new one that waits for all calls.
        """
        name, kwargs = tasks[0]["task"], [task["kwargs"] for task in tasks]
        self.delivered += [task["task"] for task in tasks]
        if name == "notifications.send_mail":
            owner = Tenant(company_id=UUID(kwargs[0]["company_id"]))
            return notifications.send(owner, [UUID(each["mail_id"]) for each in kwargs])
        worker = by or executor.Executor(self.find, continue_inline=self.continue_inline or name == ADVANCE)
        refs = [SagaRef(UUID(each["saga_id"]), UUID(each["company_id"])) for each in kwargs]
        for step in (step for saga in self.sagas for step in saga.steps.values()):
            if step.undo_name and name == step.undo_task:
                return worker.run_undo(refs, step.name)
        wanted = defaultdict(list)
        for ref, task in zip(refs, tasks, strict=True):
            wanted[ref] += self._steps_of(task["task"])
        worker.run_steps(wanted)
        return None

    def _steps_of(self, task: str) -> list[str]:
        steps = {step.task: step.name for saga in self.sagas for step in saga.steps.values()}
        return [] if task == ADVANCE else [steps[task]]

    def deliver_next(self, name: str) -> None:
        """Deliver the first waiting task of this name, and collect the messages that it sends."""
        self.collect()
        task = next(task for task in self.tasks if task["task"] == name)
        self.tasks.remove(task)
        self.deliver(task)
        self.collect()

    def deliver_all(self) -> None:
        """Deliver all tasks in order, one by one, until none is left."""
        self.collect()
        for _ in range(ENOUGH):
            if not self.tasks:
                return
            self.deliver(self.tasks.pop(0))
            self.collect()
        raise AssertionError(f"{self.tasks[0]['task']} is sent again and again")

    def deliver_all_in_batches(self) -> None:
        """Deliver all tasks, one batch per worker, until none is left; then process the events.

        Does not support undo tasks.
        """
        self.collect()
        while self.tasks:
            mails = [task for task in self.tasks if task["task"].startswith("notifications.")]
            orders = [task for task in self.tasks if task not in mails]
            self.tasks = []
            for together in filter(None, (orders, mails)):
                self.deliver(*together)
            self.collect()
        reactions.process("notification.events", list(map(CloudEvent.from_json, self.events)))
        self.events.clear()

    def process_events(self) -> None:
        """Run the reactions to all published events, which send the mails to buyers and merchants."""
        self.collect()
        while self.events:
            reactions.process("notification.events", [CloudEvent.from_json(self.events.pop(0))])
            self.collect()
