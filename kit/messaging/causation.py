"""The cause of an event: an event that a reaction publishes names the event that the reaction handles."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kit import db
from kit.messaging.cloud_events import CloudEvent

HOP_LIMIT = 8
"""The maximum number of reactions between an event and its origin. A longer chain is probably a loop."""

_CAUSES = "events that the transaction reacts to"


def set_causes(events: Sequence[CloudEvent]) -> None:
    """Say which events the current transaction reacts to."""
    db.info()[_CAUSES] = events


def with_cause(event: CloudEvent) -> CloudEvent:
    """The event, with its cause if the current transaction reacts to events.

    If it reacts to several events, the cause is the one whose subject is the new event's subject or a value in its
    data. Without such an event only `hops` is set: to one more than the largest of theirs.
    """
    causes: Sequence[CloudEvent] = db.info().get(_CAUSES, ())
    if not causes:
        return event
    named: set[Any] = {str(event.subject), *(value for value in event.data.values() if isinstance(value, str))}
    candidates = causes if len(causes) == 1 else [cause for cause in causes if str(cause.subject) in named]
    if not candidates:
        return replace(event, hops=max(cause.hops for cause in causes) + 1)
    cause = max(candidates, key=lambda each: each.hops)
    return replace(
        event, hops=cause.hops + 1, causation_id=cause.id, correlation_id=cause.correlation_id or cause.id
    )  # fmt: skip
