"""Batching: a worker without a pool runs together the messages that the broker has already delivered.

No message waits for others. Once a worker has a message it reads until its socket is empty, and runs everything it has
read as one batch. So a worker that keeps up runs messages one by one, and a worker that has fallen behind runs batches,
as large as its prefetch count allows. docs/decisions/0025 says why there is no timer.
"""

import time
import traceback
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import structlog
from celery import Task
from celery.concurrency.solo import TaskPool as SoloPool
from celery.events import EventDispatcher
from celery.exceptions import Reject
from celery.worker import strategy
from celery.worker.consumer import Consumer
from kombu.exceptions import KombuError
from kombu.message import Message

from kit import db
from kit.db import Json
from kit.process import heartbeat
from workers import log_context
from workers.celery_internals.acks import BatchedAcks
from workers.celery_internals.batch_heartbeats import BatchHeartbeats
from workers.celery_internals.logged_task import LoggedTask

log = structlog.get_logger()

T = TypeVar("T", bound=Hashable)


class ReadAhead:
    """The messages that one connection of a worker without a pool has read and not yet run."""

    def __init__(self, consumer: Consumer) -> None:
        self.connection = consumer.connection
        self._consumer = consumer
        # Run before the event loop waits for sockets. Otherwise a message that one of the loop's callbacks has read
        # would wait, for seconds, until something else arrives.
        self._on_tick: set[Callable[[], None]] = consumer.hub.on_tick
        self._is_amqp = self.connection.transport.driver_type == "amqp"
        self.acks = BatchedAcks(consumer.connection_errors, sequential_tags=self._is_amqp)
        self._pending: dict[Callable[[list[Any]], None], list[Any]] = {}
        self._heartbeats = BatchHeartbeats(consumer)

    def add(self, run: Callable[[list[T]], None], item: T) -> None:
        """Call `run` with this item, and with all other items added for it, once the socket is empty."""
        self._pending.setdefault(run, []).append(item)
        self._on_tick.add(self._run_pending)

    def _run_pending(self) -> None:
        if self.connection is not self._consumer.connection:
            self._pending.clear()  # the broker redelivers them
        elif self._is_amqp:
            with suppress(TimeoutError):
                while True:
                    self.connection.drain_events(timeout=0)
        self._on_tick.discard(self._run_pending)
        pending, self._pending = self._pending, {}
        try:
            with heartbeat.sent_by(self._heartbeats.send_due):
                for run, items in pending.items():
                    run(items)
        finally:
            self.acks.flush()


def read_ahead_of(consumer: Consumer) -> ReadAhead | None:
    """The ReadAhead of the worker's current connection; None for a worker with a pool.

    Messages read from a lost connection are dropped with it, because the broker redelivers them.
    """
    if not isinstance(consumer.pool, SoloPool) or consumer.hub is None:
        return None
    current: ReadAhead | None = getattr(consumer, "read_ahead", None)
    if current is None or current.connection is not consumer.connection:
        current = consumer.read_ahead = ReadAhead(consumer)
    return current


class TaskCall(NamedTuple):
    """A call of a task: the task's name, its keyword arguments (ids), and the id of this call."""

    task: str
    kwargs: Json
    id: str


RunBatch = Callable[[Sequence[TaskCall]], Sequence[TaskCall] | None]
"""Runs task calls. Returns the calls it has run in addition, for which there will be no message."""


class BatchTask(LoggedTask):
    """A task that a worker without a pool runs in batches; the processes of a pool run its messages one by one.

    Calls of all tasks with the same `run_batch` form one batch. If a batch raises, its calls are run one by one.
    """

    abstract = True

    @staticmethod
    def run_batch(calls: Sequence[TaskCall]) -> Sequence[TaskCall] | None:
        """Run the calls: a RunBatch."""
        raise NotImplementedError

    def Strategy(self, task: Task, app: Any, consumer: Consumer) -> Callable[..., Any]:  # noqa: N802 - Celery's name
        """Create the function that Celery calls with each message of this task."""
        read_ahead = read_ahead_of(consumer)
        if read_ahead is None:
            handler: Callable[..., Any] = strategy.default(task, app, consumer)
            return handler
        runner = BatchRunner(self.run_batch, consumer, read_ahead.acks)
        return lambda message, *_args, **_named: read_ahead.add(runner, _Delivery(message))


@dataclass(eq=False, slots=True)
class _Delivery:
    """A delivered message, and the call that was read from it."""

    message: Message
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

    def __call__(self, deliveries: list[_Delivery]) -> None:
        """Run the calls. Acknowledge those that succeed or fail, and reject those that raise Reject."""
        readable = [each for each in deliveries if self._read(each)]
        if self._event_dispatcher:
            for each in readable:
                self._send_started(each.call, **_header_fields(each.message))
        self._run(readable)
        if self._event_dispatcher:
            self._event_dispatcher.flush()  # without this the events wait for the next message, or for seconds

    def _read(self, delivery: _Delivery) -> bool:
        """Read the message's call. Dead-letters the message and returns False if it is invalid."""
        headers = delivery.message.headers
        try:
            _, kwargs, _ = delivery.message.payload
            delivery.call = TaskCall(headers["task"], dict(kwargs), headers["id"])
        except (KombuError, LookupError, TypeError, ValueError) as error:
            self.consumer.on_invalid_task(None, delivery.message, error)
            return False
        return True

    def _run(self, deliveries: Sequence[_Delivery]) -> None:
        if not deliveries:
            return
        started = time.monotonic()
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
        for each in deliveries:
            self.acks.add(each.message)
        if self._event_dispatcher:
            for call in additional:
                self._send_started(call, kwargs=repr(call.kwargs))
            for call in (*(each.call for each in deliveries), *additional):
                self._send_event("task-succeeded", call, result="None", runtime=time.monotonic() - started)

    def _reject_or_log(self, deliveries: Sequence[_Delivery], error: Exception) -> None:
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
