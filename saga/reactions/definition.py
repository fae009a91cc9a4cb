"""The definition of a reaction: which consumer handles which types of events, and how."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kit.messaging.cloud_events import CloudEvent


@dataclass(frozen=True, slots=True)
class AfterCommit:
    """Work outside the database for after the commit: one call of `run` with the items of all reactions of a batch.

    It is not run when the process dies first, or when events are replayed. Another process must then find the work in
    the database and do it, as the sweeper has claimed mails sent.
    """

    run: Callable[[Sequence[Any]], None]
    items: Sequence[Any]


Handler = Callable[[Sequence[CloudEvent], datetime], AfterCommit | None]
"""Reacts to some events of one type, all of one company, or about one user if they belong to no company.

It runs in the transaction that records the events as processed, as the tenant that they belong to. Takes the current
time (UTC).
"""


@dataclass(frozen=True, slots=True)
class Reaction:
    """A handler of events of one type, for a consumer, which is also the name of its queue."""

    consumer: str
    event_type: str
    handle: Handler


DECLARED: list[Reaction] = []
"""All reactions of the modules that have been imported so far. See saga/reactions/table.py for all of them."""


def reaction(consumer: str, *event_types: str) -> Callable[[Handler], Handler]:
    """Have the decorated function handle events of these types for a consumer (`notification.events`).

    Raises TypeError if the consumer has a reaction to one of them already.
    """

    def declare(handle: Handler) -> Handler:
        for event_type in event_types:
            if any((each.consumer, each.event_type) == (consumer, event_type) for each in DECLARED):
                raise TypeError(f"{consumer} has two reactions to {event_type}")
            DECLARED.append(Reaction(consumer, event_type, handle))
        return handle

    return declare
