"""Run the messages of a worker without a pool in batches, and acknowledge each when all its work is recorded."""

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import structlog
from celery.events import EventDispatcher
from celery.exceptions import Reject
from celery.worker.consumer import Consumer
from kombu.exceptions import KombuError
from kombu.message import Message

from kit import db
from kit.db import Json
from workers import log_context
from workers.celery_internals.acks import BatchedAcks

log = structlog.get_logger()


class TaskCall(NamedTuple):
    """A call of a task: the task's name, its keyword arguments (ids), and the id of this call."""

    task: str
    kwargs: Json
    id: str


RunBatch = Callable[[Sequence[TaskCall]], Sequence[TaskCall] | None]
"""Runs task calls. Returns the calls it has run in addition, for which there will be no message."""


class OngoingWork(Protocol):
    """Work of tasks that goes on after their batch: it waits for answers from outside."""

    wake: Callable[[], None]
    """To be called, on any thread, when there is something to go on with."""

    def is_under_way(self, call: TaskCall) -> bool:
        """Whether the call's work is not finished: its message stays unacknowledged."""

    def go_on(self) -> Sequence[TaskCall]:
        """Do what can be done by now. Returns the calls it has run in addition, as a RunBatch does."""


@dataclass(eq=False, slots=True)
class Delivery:
    """A delivered message, and the call that was read from it."""

    message: Message
    started: float = field(init=False)
    call: TaskCall = field(init=False)

    @property
    def log_fields(self) -> dict[str, str | None]:
        """The fields of its log lines."""
        return {**self.call.kwargs, **log_context.request_fields(self.message.headers)}


@dataclass(frozen=True, slots=True)
class BatchRunner:
    """Runs the messages of tasks in batches, acknowledges them, and sends Celery's task events if they are enabled."""

    run_batch: RunBatch
    consumer: Consumer
    acks: BatchedAcks
    work: OngoingWork | None = None
    unfinished: list[Delivery] = field(default_factory=list, compare=False)
    """The messages whose work is under way."""

    def __call__(self, deliveries: list[Delivery]) -> None:
        """Run the calls. Acknowledge those that succeed or fail, and reject those that raise Reject."""
        readable = [each for each in deliveries if self._read(each)]
        if self._event_dispatcher:
            for each in readable:
                self._send_started(each.call, **_header_fields(each.message))
        self._run(readable)
        if self._event_dispatcher:
            self._event_dispatcher.flush()  # without this the events wait for the next message, or for seconds

    def _read(self, delivery: Delivery) -> bool:
        """Read the message's call. Dead-letters the message and returns False if it is invalid."""
        headers = delivery.message.headers
        try:
            _, kwargs, _ = delivery.message.payload
            delivery.call = TaskCall(headers["task"], dict(kwargs), headers["id"])
        except (KombuError, LookupError, TypeError, ValueError) as error:
            self.consumer.on_invalid_task(None, delivery.message, error)
            return False
        return True

    def _run(self, deliveries: Sequence[Delivery]) -> None:
        if not deliveries:
            return
        for each in deliveries:
            each.started = time.monotonic()
        try:
            with log_context.bound_batch([each.log_fields for each in deliveries]):
                additional = self.run_batch([each.call for each in deliveries]) or ()
        except Exception as error:  # noqa: BLE001 - it is logged, and sent as an event
            if len(deliveries) > 1 and not _is_outage(error):
                for each in deliveries:
                    self._run([each])
                return
            self._reject_or_log(deliveries, error)
            return
        self.unfinished.extend(deliveries)
        self.report_additional(additional)
        self.acknowledge_finished()

    def acknowledge_finished(self) -> None:
        """Acknowledge the messages whose work has been finished."""
        if not self.unfinished:
            return
        deliveries, self.unfinished[:] = self.unfinished[:], []
        for each in deliveries:
            if self.work and self.work.is_under_way(each.call):
                self.unfinished.append(each)
            else:
                self.acks.add(each.message)
                self._send_succeeded(each.call, each.started)

    def requeue_unfinished(self) -> None:
        """Requeue the messages whose work is under way: the broker redelivers them, also to this worker."""
        for each in self.unfinished:
            self.acks.reject(each.message, requeue=True)
        self.unfinished.clear()

    def report_additional(self, calls: Sequence[TaskCall]) -> None:
        """Send the task events of calls for which there is no message."""
        for call in calls:
            self._send_started(call, kwargs=repr(call.kwargs))
            self._send_succeeded(call, time.monotonic())

    def _send_succeeded(self, call: TaskCall, started: float) -> None:
        self._send_event("task-succeeded", call, result="None", runtime=time.monotonic() - started)

    def _reject_or_log(self, deliveries: Sequence[Delivery], error: Exception) -> None:
        """Reject the messages if the error is a Reject; otherwise log it for each, and acknowledge them."""
        for each in deliveries:
            if isinstance(error, Reject):
                self.acks.reject(each.message, requeue=error.requeue)
                self._send_event("task-rejected", each.call, requeue=error.requeue)
                continue
            with log_context.bound(**each.log_fields):
                log.error("task failed", task=each.call.task, exc_info=error)
            # Acknowledged all the same: the sweeper sends the task again if its saga still needs it.
            self.acks.add(each.message)
            stack = "".join(traceback.format_exception(error))
            self._send_event("task-failed", each.call, exception=repr(error), traceback=stack)

    def _send_started(self, call: TaskCall, **header_fields: Any) -> None:
        # The root of a saga's task is the saga.
        defaults = {"args": "()", "root_id": call.kwargs.get("saga_id"), "parent_id": None, "retries": 0}
        received = {"name": call.task, "eta": None, "expires": None, **defaults, **header_fields}
        self._send_event("task-received", call, **received)
        self._send_event("task-started", call)

    def _send_event(self, event: str, call: TaskCall, **fields: Any) -> None:
        if self._event_dispatcher:
            self._event_dispatcher.send(event, uuid=call.id, **fields)

    @property
    def _event_dispatcher(self) -> EventDispatcher | None:
        """The dispatcher for task events; None unless somebody (Flower) has enabled them."""
        dispatcher = self.consumer.event_dispatcher
        is_enabled = dispatcher and dispatcher.enabled and "task" in (dispatcher.groups or ("task",))
        return dispatcher if is_enabled else None


def _header_fields(message: Message) -> Json:
    """The fields of a task-received event that stand in the message's headers."""
    headers = message.headers
    return {
        "args": headers.get("argsrepr"), "kwargs": headers.get("kwargsrepr"), "root_id": headers.get("root_id"),
        "retries": headers.get("retries", 0),
    }  # fmt: skip


def _is_outage(error: Exception) -> bool:
    return isinstance(error, Reject) and isinstance(error.reason, Exception) and db.is_outage(error.reason)
