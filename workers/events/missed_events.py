"""Replays kept events that their consumer has not processed, for example because the broker lost them."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog

from kit import db, ids
from kit.messaging import kept_events
from saga.reactions.table import REACTIONS
from workers.events import replay

MAX_AGE = timedelta(days=1)
"""How far back a sweeper looks when it starts."""

GRACE_PERIOD = timedelta(minutes=1)
"""Time that an event may take to be processed. A rush of orders or a restart of the workers keeps a queue waiting for
tens of seconds; then its consumer is late, but loses nothing, and sweepers that did its work would slow it down."""

LOOK_BACK, LOOK_BACK_EVERY = timedelta(minutes=10), timedelta(minutes=1)
"""Events of the last minutes are looked at again: a reaction may have failed for a reason that has passed, and a
transaction may commit long after it made the id of its event."""

MAX_READ, MAX_REPLAYED = 5000, 100
"""Events of a consumer per call of replay()."""

log = structlog.get_logger()

# An event is late and not lost as long as the outbox waits for the broker.
_FIND_MISSED_EVENTS = """
    WITH following AS MATERIALIZED (
        SELECT id, type FROM events WHERE id >= %(after)s AND id < %(before)s ORDER BY id LIMIT %(limit)s
    )
    SELECT (SELECT count(*) FROM following), (SELECT id FROM following ORDER BY id DESC LIMIT 1), array(
        SELECT id FROM following
        WHERE type = ANY(%(types)s)
            AND NOT EXISTS ({is_recorded})
        ORDER BY id LIMIT %(max_replayed)s)
    WHERE NOT EXISTS (SELECT FROM outbox WHERE available_at < now() - interval '5 seconds')"""


class Replayer:
    """Goes through the kept events, in the order of their ids, for each consumer. Each sweeper has one.

    Once it has read all, it goes back by LOOK_BACK, every LOOK_BACK_EVERY. So an event whose reaction fails is tried
    for that long, each time with an error in the log that names it; an older one is tried once per start of a sweeper.
    """

    def __init__(self, *, now: datetime) -> None:
        self._positions = dict.fromkeys(REACTIONS, ids.first_at(now - MAX_AGE))
        self._look_back_at = dict.fromkeys(REACTIONS, now + LOOK_BACK_EVERY)

    def replay(self, *, now: datetime) -> int:
        """Process the next events that were missed. Returns their number."""
        return sum(self._replay_consumer(consumer, now) for consumer in self._positions)

    def _replay_consumer(self, consumer: str, now: datetime) -> int:
        before = ids.first_at(now - GRACE_PERIOD)
        values = {
            "after": self._positions[consumer], "before": before, "limit": MAX_READ, "max_replayed": MAX_REPLAYED,
            "types": list(REACTIONS[consumer]), "consumer": consumer,
        }  # fmt: skip
        with db.operator_transaction():
            statement = _FIND_MISSED_EVENTS.format(is_recorded=replay.record_of(consumer, "following.id"))
            row = db.run(statement, values).fetchone()
            if row is None or before < self._positions[consumer]:
                return 0
            read, last_read, missed = row
            events = kept_events.read(missed)
        if events:
            log.warning("events missed", consumer=consumer, events=len(events), first=str(events[0].id))
            replay.process(consumer, events)
        self._positions[consumer] = _next(missed, last_read if read == MAX_READ else None, before)
        if self._positions[consumer] == before and now >= self._look_back_at[consumer]:
            self._positions[consumer] = ids.first_at(now - LOOK_BACK)
            self._look_back_at[consumer] = now + LOOK_BACK_EVERY
        return len(events)


def _next(missed: list[UUID], last_read: UUID | None, before: UUID) -> UUID:
    """Where the next call begins: after the last event replayed if there may be more, else after the last one read."""
    last = missed[-1] if len(missed) == MAX_REPLAYED else last_read
    return UUID(int=last.int + 1) if last else before
