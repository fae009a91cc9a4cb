"""Runs the reactions to events: once for each event, in one transaction for the events of one batch."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from uuid import UUID

from kit import clock, db
from kit.messaging import causation, outbox
from kit.messaging.cloud_events import CloudEvent
from kit.process import failpoints
from kit.tenancy import Tenant
from saga.reactions.definition import AfterCommit
from saga.reactions.table import REACTIONS, RECORDED_IN
from workers.outages import retry_on_outage


@partial(retry_on_outage, is_outage=db.is_unavailable)
def process(consumer: str, events: Sequence[CloudEvent]) -> None:
    """Run the consumer's reactions to events of one batch, and then the work that they return.

    Waits while the database is down. A statement's timeout is raised: the statement itself may be slow.
    """
    _run_after_commit(react_once(consumer, events))


def react_once(consumer: str, events: Sequence[CloudEvent]) -> list[AfterCommit]:
    """Run the consumer's reactions to events of one batch in one transaction. An event seen before is skipped.

    Returns the work for after the commit.
    """
    known = {event.id: event for event in events if event.type in REACTIONS[consumer]}
    if not known:
        return []
    with _transaction(consumer, known) as unprocessed:
        causation.react_to(unprocessed)
        work = list(_react(consumer, unprocessed))
    failpoints.hit("event.processed")
    return work


def batches(consumer: str, events: Iterable[CloudEvent]) -> list[list[CloudEvent]]:
    """Group events by tenant, for one transaction each. For a consumer across companies they are one batch."""
    found: dict[Tenant | None, list[CloudEvent]] = defaultdict(list)
    for event in events:
        found[None if consumer in RECORDED_IN else event.tenant].append(event)
    return list(found.values())


@contextmanager
def _transaction(consumer: str, events: Mapping[UUID, CloudEvent]) -> Iterator[list[CloudEvent]]:
    """The transaction of a batch. Yields the events of the batch that the consumer has not processed yet.

    For a consumer across companies it yields all events: the handlers recognize a processed event by the unique key of
    their table.
    """
    if consumer in RECORDED_IN:
        with db.across_companies_transaction():
            yield list(events.values())
        return
    tenant = next(iter(events.values())).tenant
    with db.transaction(tenant):
        new = outbox.mark_processed(consumer=consumer, event_ids=events, company_id=tenant.company_id)
        yield [event for event_id, event in events.items() if event_id in new]


def _react(consumer: str, events: Sequence[CloudEvent]) -> Iterator[AfterCommit]:
    by_type: dict[str, list[CloudEvent]] = defaultdict(list)
    for event in events:
        by_type[event.type].append(event)
    for event_type, of_type in by_type.items():
        work = REACTIONS[consumer][event_type](of_type, clock.now())
        if work:
            yield work


def _run_after_commit(work: Sequence[AfterCommit]) -> None:
    items: dict[Callable[[Sequence[Any]], None], list[Any]] = defaultdict(list)
    for each in work:
        items[each.run] += each.items
    for run, all_items in items.items():
        run(all_items)
