"""Batching: a worker without a pool runs together the messages that the broker has already delivered.

No message waits for others. Once a worker has a message it reads until its socket is empty, and runs everything it has
read as one batch. So a worker that keeps up runs messages one by one, and a worker that has fallen behind runs batches,
of up to MAX_BATCH messages. docs/decisions/0025 says why there is no timer. Work that waits for answers from outside
goes on when they have come (docs/decisions/0058).
"""

from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import structlog
from celery import Task
from celery.concurrency.solo import TaskPool as SoloPool
from celery.exceptions import Reject
from celery.worker import strategy
from celery.worker.consumer import Consumer

from kit.process import heartbeat
from workers.celery_internals.acks import BatchedAcks
from workers.celery_internals.batch_heartbeats import BatchHeartbeats
from workers.celery_internals.batch_runner import BatchRunner, Delivery, OngoingWork, TaskCall
from workers.celery_internals.logged_task import LoggedTask

log = structlog.get_logger()

T = TypeVar("T", bound=Hashable)

MAX_BATCH = 128
"""Messages that run in one batch, at most."""


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
        self._runners: dict[BatchRunner, BatchRunner] = {}
        self._is_woken = False

    def add(self, run: Callable[[list[T]], None], item: T) -> None:
        """Call `run` with this item, and with all other items added for it, once the socket is empty."""
        self._pending.setdefault(run, []).append(item)
        self._on_tick.add(self._run_pending)

    def runner(self, run_batch: Callable[..., Any], work: OngoingWork | None) -> BatchRunner:
        """The runner for all tasks with this `run_batch`. From now on the work wakes this connection."""
        runner = BatchRunner(run_batch, self._consumer, self.acks, work)
        if work:
            work.wake = self._wake
        return self._runners.setdefault(runner, runner)

    def _wake(self) -> None:
        """Go on with the work that was under way, soon. May be called on any thread."""
        if not self._is_woken:
            self._is_woken = True
            self._consumer.hub.call_soon(self._on_tick.add, self._run_pending)

    def _run_pending(self) -> None:
        if self.connection is not self._consumer.connection:
            self._pending.clear()  # the broker redelivers them
            for runner in self._runners:
                runner.unfinished.clear()
        elif self._is_amqp:
            with suppress(TimeoutError):
                while True:
                    self.connection.drain_events(timeout=0)
        self._on_tick.discard(self._run_pending)
        pending, self._pending = self._pending, {}
        try:
            with heartbeat.sent_by(self._heartbeats.send_due):
                if self._is_woken:
                    self._is_woken = False
                    self._go_on()
                for run, items in pending.items():
                    for start in range(0, len(items), MAX_BATCH):
                        run(items[start : start + MAX_BATCH])
        finally:
            for runner in self._runners:
                runner.acknowledge_finished()
            self.acks.flush()

    def _go_on(self) -> None:
        for work, runner in {runner.work: runner for runner in self._runners if runner.work}.items():
            try:
                runner.report_additional(work.go_on())
            except Reject as error:
                log.warning("could not go on", reason=str(error.reason))
                for each in self._runners:
                    if each.work is work:
                        each.requeue_unfinished()


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


class BatchTask(LoggedTask):
    """A task that a worker without a pool runs in batches; the processes of a pool run its messages one by one.

    Calls of all tasks with the same `run_batch` form one batch. If a batch raises, its calls are run one by one.
    """

    abstract = True
    work: OngoingWork | None = None
    """What goes on after a batch, if anything does."""

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
        runner = read_ahead.runner(self.run_batch, self.work)
        return lambda message, *_args, **_named: read_ahead.add(runner, Delivery(message))
