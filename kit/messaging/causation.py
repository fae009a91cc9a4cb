"""Which event an event follows from: those that a reaction publishes name the event that it reacts to."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kit import db
from kit.messaging.cloud_events import CloudEvent

HOP_LIMIT = 8
"""Reactions between an event and its origin, at most; beyond it, reactions would probably cause each other for ever."""

_CAUSES = "events that the transaction reacts to"


def set_causes(events: Sequence[CloudEvent]) -> None:
    """Say which events the current transaction reacts to."""
    db.info()[_CAUSES] = events


def with_cause(event: CloudEvent) -> CloudEvent:
    """The event, with its cause if the current transaction reacts to events.

    Of several ones, the cause is the one whose subject the new event has as its subject or in its data. If there is
    none, only `hops` is known: one more than the most that any of them has.
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
