"""Runs the reactions to events that were lost with the broker. The rows of the order show which events there were.

When a saga has ended and the mails about its order were not even requested, the reactions run here. The sweeper sends
the mails like all overdue ones, once their leases have expired.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog

from kit import clock, db
from kit.ids import new_id
from kit.messaging.cloud_events import CloudEvent
from saga.reactions.table import REACTIONS

MAX_AGE = timedelta(days=1)
"""How far back a sweeper looks when it starts."""

GRACE_PERIOD = timedelta(seconds=10)
"""Time that an event may take to arrive."""

MAX_SAGAS_READ, MAX_SAGAS_REPLAYED = 1000, 100
"""Sagas per call of replay()."""

CONSUMER = "notification.events"

_LOWEST_ID = UUID(int=0)

log = structlog.get_logger()

# An event is late and not lost as long as the outbox waits for the broker.
_ENDED_SAGAS = """
    WITH ended AS (
        SELECT s.ended_at, s.id, o.id AS order_id, o.company_id, o.status
        FROM sagas s JOIN orders o ON o.id = s.subject_id
        WHERE (s.ended_at, s.id) > (%(ended_at)s, %(id)s) AND s.ended_at < %(before)s
            AND NOT EXISTS (SELECT FROM outbox WHERE available_at < now() - interval '5 seconds')
        ORDER BY s.ended_at, s.id LIMIT %(limit)s
    )
    SELECT ended_at, id, order_id, company_id, array(
        SELECT event FROM unnest(%(events)s::text[]) AS event
        WHERE event IN ('order.created', 'order.' || ended.status)
            AND NOT EXISTS (SELECT FROM mails m WHERE m.occasion = event || ':' || ended.order_id)
    ) AS missed
    FROM ended ORDER BY ended_at, id"""


class _EndedSaga(NamedTuple):
    """A saga that has ended, when (UTC), and the types of its order's events that were missed."""

    ended_at: datetime
    id: UUID
    order_id: UUID
    company_id: UUID
    missed: list[str]


class Replayer:
    """Goes once through the sagas in the order in which they ended. Each sweeper has one."""

    def __init__(self, *, now: datetime) -> None:
        self._position = (now - MAX_AGE, _LOWEST_ID)

    def replay(self) -> int:
        """Run the missed reactions of the next sagas. Returns the number of sagas that had any."""
        replayed = 0
        for saga in self._next():
            if saga.missed:
                _replay(saga)
                replayed += 1
            self._position = (saga.ended_at, saga.id)
            if replayed == MAX_SAGAS_REPLAYED:
                break
        return replayed

    def _next(self) -> list[_EndedSaga]:
        ended_at, last_id = self._position
        values = {"ended_at": ended_at, "id": last_id, "before": clock.now() - GRACE_PERIOD, "limit": MAX_SAGAS_READ}
        with db.operator_transaction():
            return [_EndedSaga(*row) for row in db.run(_ENDED_SAGAS, {**values, "events": list(REACTIONS[CONSUMER])})]


def _replay(saga: _EndedSaga) -> None:
    log.warning("events missed", order=str(saga.order_id), events=saga.missed)
    try:
        for event_type in saga.missed:
            data = {"order_id": str(saga.order_id)}
            event = CloudEvent(new_id(), event_type, saga.order_id, saga.company_id, data)
            with db.transaction(event.tenant):
                REACTIONS[CONSUMER][event_type]([event], clock.now())
    except Exception as error:
        if db.is_outage(error):
            raise
        log.exception("missed events not replayed", order=str(saga.order_id))  # the others are replayed all the same
