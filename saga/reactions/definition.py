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
    """A handler of events of one type, for a consumer, which is also the name of its queue.

    `recorded_in` is the table of a reaction across companies: see reaction().
    """

    consumer: str
    event_type: str
    handle: Handler
    recorded_in: str | None = None


DECLARED: list[Reaction] = []
"""All reactions of the modules that have been imported so far. See saga/reactions/table.py for all of them."""


def reaction(
    consumer: str, *event_types: str, across_companies: bool = False, recorded_in: str | None = None
) -> Callable[[Handler], Handler]:
    """Have the decorated function handle events of these types for a consumer (`notification.events`).

    With `across_companies`, it gets the events of all companies of a batch in one transaction. The role of that
    transaction, `orderx_across_companies`, may add to the outbox and use the tables that migrations grant it. No row of
    the inbox makes such a reaction once-only, but the table `recorded_in`: for each event the handler inserts a row
    with its `event_id`, which is unique, and does nothing on a conflict. All reactions of the consumer share the table.

    Raises TypeError if the consumer has a reaction to one of the types already, or one that is recorded elsewhere.
    """
    if across_companies != bool(recorded_in):
        raise TypeError("a reaction across companies, and no other, names the table that it is recorded in")

    def declare(handle: Handler) -> Handler:
        for event_type in event_types:
            if any((each.consumer, each.event_type) == (consumer, event_type) for each in DECLARED):
                raise TypeError(f"{consumer} has two reactions to {event_type}")
            if any(each.consumer == consumer and each.recorded_in != recorded_in for each in DECLARED):
                raise TypeError(f"the reactions of {consumer} are recorded in different tables")
            DECLARED.append(Reaction(consumer, event_type, handle, recorded_in))
        return handle

    return declare
