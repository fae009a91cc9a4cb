"""Replay kept events to a consumer: its reactions process the events that it has not processed yet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog

from kit import db, ids
from kit.errors import NotFound
from kit.messaging import kept_events
from kit.messaging.cloud_events import COLUMNS, CloudEvent
from saga.reactions.table import REACTIONS, RECORDED_IN
from workers.events import reactions

BATCH_SIZE = 500
"""Events read at once, at most."""

log = structlog.get_logger()

_READ_NEXT_EVENTS = f"""
    SELECT {", ".join(COLUMNS)}, EXISTS ({{is_recorded}})
    FROM events WHERE id >= %(first)s AND id < %(end)s AND type = ANY(%(types)s)
    ORDER BY id LIMIT %(limit)s"""  # noqa: S608 - constants


def record_of(consumer: str, event_id: str) -> str:
    """The query for the record that the consumer has processed the event, whose id is this SQL expression."""
    if consumer in RECORDED_IN:
        return f"SELECT FROM {RECORDED_IN[consumer]} WHERE event_id = {event_id}"
    return f"SELECT FROM inbox WHERE event_id = {event_id} AND consumer = %(consumer)s"


class _StoredEvent(NamedTuple):
    """A kept event, and whether the consumer has processed it."""

    event: CloudEvent
    is_processed: bool


class ConsumerNotFound(NotFound):
    """There is no such consumer."""

    code = "consumer_not_found"


@dataclass(frozen=True, slots=True)
class Progress:
    """What a replay has done so far: events read, processed now, processed before, and failed; and up to when (UTC)."""

    read: int = 0
    processed: int = 0
    skipped: int = 0
    failed: int = 0
    until: datetime | None = None


def replay(consumer: str, *, since: datetime, until: datetime, dry_run: bool = False) -> Iterator[Progress]:
    """Have the consumer's reactions process the events kept since then (UTC), in batches. Yields after each batch.

    What the consumer has processed is skipped, by the same rows that make a delivery once-only; so it may run while
    workers do. An event that fails is logged and counted. A dry run counts as processed what would be processed.
    Raises ConsumerNotFound.
    """
    if consumer not in REACTIONS:
        raise ConsumerNotFound(f"no consumer is called '{consumer}'; there are {', '.join(REACTIONS)}")
    total, first = Progress(until=since), ids.first_at(since)
    while True:
        batch = _read_batch(consumer, first, ids.first_at(until))
        new = [each.event for each in batch if not each.is_processed]
        failed = 0 if dry_run else process(consumer, new)
        total = Progress(
            total.read + len(batch), total.processed + len(new) - failed, total.skipped + len(batch) - len(new),
            total.failed + failed, ids.created_at(batch[-1].event.id) if len(batch) == BATCH_SIZE else until,
        )  # fmt: skip
        yield total
        if len(batch) < BATCH_SIZE:
            return
        first = UUID(int=batch[-1].event.id.int + 1)


def process(consumer: str, events: Sequence[CloudEvent]) -> int:
    """Run the consumer's reactions to these events, batch by batch. Returns the number of events that failed.

    What a reaction would do after the commit is left to others. An event is tried alone if its batch fails; a failure
    is logged. Raises the database's error during an outage.
    """
    return sum(_process_batch(consumer, batch) for batch in reactions.batches(consumer, events))


def _process_batch(consumer: str, events: Sequence[CloudEvent]) -> int:
    try:
        reactions.react_once(consumer, events)
    except Exception as error:
        if db.is_unavailable(error):  # an event that always takes too long stops no other
            raise
        if len(events) > 1:
            return sum(_process_batch(consumer, [event]) for event in events)
        log.exception("event not replayed", consumer=consumer, event_id=str(events[0].id), event_type=events[0].type)
        return 1
    return 0


def _read_batch(consumer: str, first: UUID, end: UUID) -> list[_StoredEvent]:
    """The next events from `first`, before `end`."""
    values = {"consumer": consumer, "first": first, "end": end, "limit": BATCH_SIZE, "types": list(REACTIONS[consumer])}
    with db.operator_transaction():
        rows = db.run(_READ_NEXT_EVENTS.format(is_recorded=record_of(consumer, "events.id")), values).fetchall()
    return [_StoredEvent(kept_events.from_row(row[:-1]), is_processed=row[-1]) for row in rows]
