"""The cause of what a transaction does: a request, a run of a schedule, the events of a reaction, or moved sagas."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any
from uuid import UUID

from kit import db
from kit.messaging.cloud_events import CloudEvent
from kit.messaging.origin import Origin, begin_trace

HOP_LIMIT = 8
"""The maximum number of reactions between an event and its origin. A longer chain is probably a loop."""

REQUEST: ContextVar[Origin | None] = ContextVar("request", default=None)
"""The request that this thread serves, if any."""

_SCHEDULE_RUN: ContextVar[Origin | None] = ContextVar("schedule_run", default=None)
"""The run of a schedule that this thread does, if any."""

_CAUSES = "causes of what the transaction does"


@contextmanager
def schedule_run(run_id: UUID) -> Iterator[None]:
    """Begin a trace, with the run's id as its trace id: whatever the run starts in this block belongs to it."""
    token = _SCHEDULE_RUN.set(Origin(traceparent=begin_trace(run_id)))
    try:
        yield
    finally:
        _SCHEDULE_RUN.reset(token)


def react_to(events: Sequence[CloudEvent]) -> None:
    """Say which events the current transaction reacts to."""
    db.info()[_CAUSES] = [(str(event.subject), _origin_after(event)) for event in events]


def set_saga_origins(origins: Iterable[tuple[UUID, Origin]]) -> None:
    """Say which sagas the current transaction moves, by subject: what it publishes gets the origin of its saga."""
    db.info()[_CAUSES] = [(str(subject), origin) for subject, origin in origins]


def current_origin(about: Iterable[Any] = ()) -> Origin:
    """The origin of an event or a saga that names these ids and values, in the current transaction.

    In a request, the origin is the request. Otherwise it is the origin of the transaction's cause; of several causes,
    the one whose subject is in `about`. If `about` names none of their subjects, only `hops` is set: to the largest
    number among the causes. Without a cause, it is the run of a schedule, if this is one.
    """
    request = REQUEST.get()
    if request:
        return request
    causes: Sequence[tuple[str, Origin]] = db.info().get(_CAUSES, ())
    if not causes:
        return _SCHEDULE_RUN.get() or Origin()
    if len(causes) == 1:
        return causes[0][1]
    named = {str(value) for value in about if isinstance(value, str | UUID)}
    candidates = [origin for subject, origin in causes if subject in named]
    if not candidates:
        return Origin(hops=max(origin.hops for _, origin in causes))
    return max(candidates, key=lambda origin: origin.hops)


def with_cause(event: CloudEvent) -> CloudEvent:
    """The event, with the origin that it has in the current transaction."""
    origin = current_origin((event.subject, *event.data.values()))
    return replace(
        event, request_id=origin.request_id, traceparent=origin.traceparent, correlation_id=origin.correlation_id,
        causation_id=origin.causation_id, hops=origin.hops,
    )  # fmt: skip


def _origin_after(event: CloudEvent) -> Origin:
    """The origin of what a reaction to this event does."""
    return Origin(
        event.request_id, event.traceparent, event.correlation_id or event.id, causation_id=event.id,
        hops=event.hops + 1,
    )  # fmt: skip
