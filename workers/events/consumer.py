"""The consumers of the event queues, which run inside a Celery worker beside its tasks."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import orjson
import structlog
from celery import bootsteps
from celery.exceptions import Reject
from kombu import Consumer
from kombu.message import Message

from kit.messaging.cloud_events import CloudEvent
from kit.messaging.origin import trace_id
from kit.process import heartbeat
from workers import log_context, queues
from workers.celery_internals.acks import BatchedAcks
from workers.celery_internals.batching import read_ahead_of
from workers.events import reactions

PREFETCH = 64
"""Events prefetched, and so the largest batch; each of them waits for the mails of the whole batch."""

ONE_BY_ONE_SECONDS = 5 * 60.0
"""Seconds for the events of a failed batch, one by one. Each may run into a timeout, and the broker takes a worker that
acknowledges nothing for half an hour for dead."""

log = structlog.get_logger()


class EventConsumers(bootsteps.ConsumerStep):
    """A boot step of the worker that reads the event queues. Celery calls these methods."""

    queue_names: tuple[str, ...] = ()

    def start(self, worker: Any) -> None:
        """Start to read; called again after each reconnect."""
        self._read_ahead = read_ahead_of(worker)
        super().start(worker)

    def get_consumers(self, channel: Any) -> list[Consumer]:
        """Create a consumer for each event queue of this worker."""
        selected = [queue for queue in queues.EVENT_QUEUES if queue.name in self.queue_names]
        return [
            Consumer(channel, queues=[queue], on_message=self._message_handler(queue.name), prefetch_count=PREFETCH)
            for queue in selected
        ]

    def _message_handler(self, queue: str) -> Callable[[Message], None]:
        if self._read_ahead:
            return partial(self._read_ahead.add, partial(handle_messages, queue, self._read_ahead.acks))
        return partial(_handle_message, queue, BatchedAcks((), sequential_tags=False))


def handle_messages(queue: str, acks: BatchedAcks, messages: Sequence[Message]) -> None:
    """Process the events of these messages, batch by batch. Acknowledge each message, or requeue it on failure.

    A batch has the events of one tenant, or of all companies if the queue's reactions are declared so.
    """
    readable: list[tuple[Message, CloudEvent]] = []
    for message in messages:
        try:
            readable.append((message, CloudEvent.from_json(orjson.loads(message.body))))
        except Exception as error:  # noqa: BLE001 - an error here would end the worker, with the whole batch unread
            _requeue(queue, acks, message, error)
    for batch in reactions.batches(queue, [event for _, event in readable]):
        together = set(map(id, batch))
        _process(queue, acks, [(message, event) for message, event in readable if id(event) in together])


def _handle_message(queue: str, acks: BatchedAcks, message: Message) -> None:
    handle_messages(queue, acks, [message])
    acks.flush()


def _process(queue: str, acks: BatchedAcks, deliveries: Sequence[tuple[Message, CloudEvent]]) -> None:
    events = [event for _, event in deliveries]
    try:
        with log_context.bound_batch([_log_fields(event) for event in events]):
            reactions.process(queue, events)
    except Exception as error:  # noqa: BLE001 - another event may have caused it; otherwise _requeue() logs it
        if len(deliveries) > 1 and not isinstance(error, Reject):
            _process_singly(queue, acks, deliveries, error)
        else:
            for message, event in deliveries:
                with log_context.bound(**_log_fields(event)):
                    _requeue(queue, acks, message, error)
    else:
        for message, _ in deliveries:
            acks.add(message)


def _process_singly(
    queue: str, acks: BatchedAcks, deliveries: Sequence[tuple[Message, CloudEvent]], error: Exception
) -> None:
    """Process each event of a batch that has failed. Those for which no time is left are requeued."""
    give_up_at = time.monotonic() + ONE_BY_ONE_SECONDS
    for message, event in deliveries:
        heartbeat.beat()
        if time.monotonic() >= give_up_at:
            _requeue(queue, acks, message, error)
        else:
            _process(queue, acks, [(message, event)])


def _requeue(queue: str, acks: BatchedAcks, message: Message, error: Exception) -> None:
    """Requeue the message. At its delivery limit the broker dead-letters it."""
    log.error("event not processed", queue=queue, exc_info=error)
    acks.reject(message, requeue=True)


def _log_fields(event: CloudEvent) -> dict[str, str | None]:
    return {
        "event_id": str(event.id), "subject_id": str(event.subject), "request_id": event.request_id,
        "trace_id": trace_id(event.traceparent),
    }  # fmt: skip
