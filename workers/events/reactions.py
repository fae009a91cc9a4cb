"""Runs the reactions to events: once for each event, in one transaction for the events of one tenant."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kit import clock, db
from kit.messaging import causation, outbox
from kit.messaging.cloud_events import CloudEvent
from kit.process import failpoints
from saga.reactions.definition import AfterCommit
from saga.reactions.table import REACTIONS
from workers.outages import retry_on_outage


@retry_on_outage
def process(consumer: str, events: Sequence[CloudEvent]) -> None:
    """Run the consumer's reactions to events of one tenant, and then the work that they return."""
    _run(react_once(consumer, events))


def react_once(consumer: str, events: Sequence[CloudEvent]) -> list[AfterCommit]:
    """Run the consumer's reactions to events of one tenant in one transaction. An event seen before is skipped.

    Returns the work for after the commit.
    """
    known = {event.id: event for event in events if event.type in REACTIONS[consumer]}
    if not known:
        return []
    tenant = events[0].tenant
    with db.transaction(tenant):
        new = outbox.mark_processed(consumer=consumer, event_ids=known, company_id=tenant.company_id)
        unprocessed = [event for event_id, event in known.items() if event_id in new]
        causation.react_to(unprocessed)
        work = list(_react(consumer, unprocessed))
    failpoints.hit("event.processed")
    return work


def _react(consumer: str, events: Sequence[CloudEvent]) -> Iterator[AfterCommit]:
    by_type: dict[str, list[CloudEvent]] = defaultdict(list)
    for event in events:
        by_type[event.type].append(event)
    for event_type, of_type in by_type.items():
        work = REACTIONS[consumer][event_type](of_type, clock.now())
        if work:
            yield work


def _run(work: Sequence[AfterCommit]) -> None:
    items: dict[Callable[[Sequence[Any]], None], list[Any]] = defaultdict(list)
    for each in work:
        items[each.run] += each.items
    for run, all_items in items.items():
        run(all_items)
