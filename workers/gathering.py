"""Gathering what the broker has delivered already, so that it is worked on together.

No message waits for others to come: once a worker has one, it reads on for as long as there is something to read, and
takes that along. So a worker that keeps up takes its messages one by one, and one that has fallen behind takes them in
batches as large as its prefetch allows, which is when batches pay. docs/decisions/0025 says why there is no timer.
"""

import time
import traceback
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import structlog
from celery import Task
from celery.concurrency.solo import TaskPool as Solo
from celery.events import EventDispatcher
from celery.exceptions import Reject
from celery.worker import strategy
from celery.worker.consumer import Consumer
from kombu.exceptions import KombuError
from kombu.message import Message

from kit import db
from kit.db import Json
from kit.process import heartbeat
from workers import logged
from workers.receipts import Receipts

log = structlog.get_logger()

T = TypeVar("T", bound=Hashable)


class Gathering:
    """What one connection of a worker that has no pool has delivered and nobody has worked on yet."""

    def __init__(self, consumer: Consumer) -> None:
        self.connection = consumer.connection
        self._consumer = consumer
        # Before the event loop waits for sockets, come what may: a message that is read by one of its callbacks and
        # left to the next would be waited with, for seconds, when nothing else comes.
        self._before_waiting: set[Callable[[], None]] = consumer.hub.on_tick
        self._reads_on = self.connection.transport.driver_type == "amqp"
        self.receipts = Receipts(consumer.connection_errors, numbered=self._reads_on)
        self._waiting: dict[Callable[[list[Any]], None], list[Any]] = {}
        self._heartbeat_at = time.monotonic()

    def add(self, work: Callable[[list[T]], None], item: T) -> None:
        """Have `work` called, once all that has come by now is read, with this and all else that waits for it."""
        self._waiting.setdefault(work, []).append(item)
        self._before_waiting.add(self._work_off)

    def _work_off(self) -> None:
        if self.connection is not self._consumer.connection:
            self._waiting.clear()  # the broker delivers it again
        elif self._reads_on:
            with suppress(TimeoutError):
                while True:
                    self.connection.drain_events(timeout=0)
        self._before_waiting.discard(self._work_off)
        waiting, self._waiting = self._waiting, {}
        try:
            with heartbeat.sent_by(self._send_heartbeat):
                for work, items in waiting.items():
                    work(items)
        finally:
            self.receipts.send()

    def _send_heartbeat(self) -> None:
        """Send the heartbeat that the event loop would have sent, had it not to wait for what is being worked on."""
        heart, now = self._consumer.heart, time.monotonic()
        if heart and now - self._heartbeat_at > heart.interval:
            self._heartbeat_at = now
            self._consumer.event_dispatcher.send("worker-heartbeat", freq=heart.interval)


def gathering_of(consumer: Consumer) -> Gathering | None:
    """Where the messages of the worker's connection are gathered; None for a worker with a pool.

    What was gathered from a connection that is lost goes with it: the broker delivers it again.
    """
    if not isinstance(consumer.pool, Solo) or consumer.hub is None:
        return None
    found: Gathering | None = getattr(consumer, "gathering", None)
    if found is None or found.connection is not consumer.connection:
        found = consumer.gathering = Gathering(consumer)
    return found


class Asked(NamedTuple):
    """A task that is asked for: its name, the ids it is given as keyword arguments, and its own id."""

    task: str
    ids: Json
    id: str


Work = Callable[[Sequence[Asked]], Sequence[Asked] | None]
"""Runs tasks; returns which others it has run with them, for which there will be no message."""


class GatheredTask(logged.LoggedTask):
    """A task that is run for many messages at once by a worker without a pool, and one by one by a pool's processes.

    Tasks that share their `together` are run with one another. When it raises, they are run one by one.
    """

    abstract = True

    @staticmethod
    def together(asked: Sequence[Asked]) -> Sequence[Asked] | None:
        """What the tasks do: a Work."""
        raise NotImplementedError

    def Strategy(self, task: Task, app: Any, consumer: Consumer) -> Callable[..., Any]:  # noqa: N802 - Celery's name
        """What a worker does with a message of this task."""
        gathering = gathering_of(consumer)
        if gathering is None:
            return strategy.default(task, app, consumer)
        work = Worked(self.together, consumer, gathering.receipts)
        return lambda message, *_args, **_named: gathering.add(work, _Delivered(message))


@dataclass(eq=False, slots=True)
class _Delivered:
    """A message of a task, and what was read from it."""

    message: Message
    asked: Asked = field(init=False)

    @property
    def told(self) -> dict[str, str | None]:
        """What the log says of it."""
        return {**self.asked.ids, "request_id": self.message.headers.get("requestid")}


@dataclass(frozen=True, slots=True)
class Worked:
    """How the messages of tasks are worked off, and who hears of it: those who watch the worker's events."""

    together: Work
    consumer: Consumer
    receipts: Receipts

    def __call__(self, delivered: list[_Delivered]) -> None:
        """Run the tasks for all of them, write a receipt for what is done, and give back what has to wait."""
        ready = [each for each in delivered if self._is_read(each)]
        if self._watched:
            for each in ready:
                self._tell_begun(each.asked, **_known(each.message))
        self._run(ready)
        if self._watched:
            self._watched.flush()  # of itself it would wait for the next message, or for seconds

    def _is_read(self, each: _Delivered) -> bool:
        headers = each.message.headers
        try:
            _, ids, _ = each.message.payload
            each.asked = Asked(headers["task"], dict(ids), headers["id"])
        except (KombuError, LookupError, TypeError, ValueError) as error:
            self.consumer.on_invalid_task(None, each.message, error)
            return False
        return True

    def _run(self, delivered: Sequence[_Delivered]) -> None:
        if not delivered:
            return
        begun = time.monotonic()
        try:
            with logged.about_all([each.told for each in delivered]):
                with_them = self.together([each.asked for each in delivered]) or ()
        except Exception as error:  # noqa: BLE001 - it is logged, and told to whoever watches
            if len(delivered) > 1 and not _is_outage(error):
                for each in delivered:
                    self._run([each])
                return
            self._end(delivered, error)
            return
        for each in delivered:
            self.receipts.done(each.message)
        if self._watched:
            for asked in with_them:
                self._tell_begun(asked, kwargs=repr(asked.ids))
            for asked in (*(each.asked for each in delivered), *with_them):
                self._tell("task-succeeded", asked, result="None", runtime=time.monotonic() - begun)

    def _end(self, delivered: Sequence[_Delivered], error: Exception) -> None:
        for each in delivered:
            if isinstance(error, Reject):
                self.receipts.reject(each.message, requeue=error.requeue)
                self._tell("task-rejected", each.asked, requeue=error.requeue)
                continue
            with logged.about(**each.told):
                log.error("a task failed", task=each.asked.task, exc_info=error)
            # The sweeper sends it again, if need be.
            self.receipts.done(each.message)
            told = "".join(traceback.format_exception(error))
            self._tell("task-failed", each.asked, exception=repr(error), traceback=told)

    def _tell_begun(self, asked: Asked, **known: Any) -> None:
        # A saga's tasks have its id for their root.
        told = {"args": "()", "root_id": asked.ids.get("saga_id"), "parent_id": None, "retries": 0, **known}
        self._tell("task-received", asked, name=asked.task, eta=None, expires=None, **told)
        self._tell("task-started", asked)

    def _tell(self, event: str, asked: Asked, **what: Any) -> None:
        if self._watched:
            self._watched.send(event, uuid=asked.id, **what)

    @property
    def _watched(self) -> EventDispatcher | None:
        """What tells those who watch, where somebody does."""
        eventer = self.consumer.event_dispatcher
        return eventer if eventer and eventer.enabled and "task" in (eventer.groups or ("task",)) else None


def _known(message: Message) -> Json:
    """What a message says of its task beside what is asked."""
    headers = message.headers
    return {
        "args": headers.get("argsrepr"), "kwargs": headers.get("kwargsrepr"), "root_id": headers.get("root_id"),
        "retries": headers.get("retries", 0),
    }  # fmt: skip


def _is_outage(error: Exception) -> bool:
    return isinstance(error, Reject) and isinstance(error.reason, Exception) and db.is_outage(error.reason)
