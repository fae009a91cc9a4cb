"""Reactions that never came: an event that is lost with the broker is acted on all the same, from what it was about.

What an order's saga has announced can be told from the order. When a saga has ended and the mails about it have not
even been asked for, the reaction is taken here; the mails themselves go out as all do that nobody sends.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog

from domain.notifications import operations as notifications
from domain.notifications.operations import Claimed
from kit import clock, db
from kit.tenancy import Tenant
from workers.reactions import REACTIONS

OLDEST = timedelta(days=1)
"""How far back a sweeper looks when it starts."""

GRACE = timedelta(seconds=10)
"""How long an event may be on its way before anybody wonders."""

MOST_SEEN, MOST_TAKEN = 1000, 100
"""Sagas looked at, and those acted on, in one round."""

MAILS = REACTIONS["notification.events"]

_NOBODY = UUID(int=0)

log = structlog.get_logger()

# While the outbox waits for the broker its events are not lost, only late.
_ENDED = """
    WITH ended AS (
        SELECT s.ended_at, s.id, o.id AS order_id, o.company_id, o.status
        FROM sagas s JOIN orders o ON o.id = s.subject_id
        WHERE (s.ended_at, s.id) > (%(ended_at)s, %(id)s) AND s.ended_at < %(before)s
            AND NOT EXISTS (SELECT FROM outbox WHERE available_at < now() - interval '5 seconds')
        ORDER BY s.ended_at, s.id LIMIT %(most)s
    )
    SELECT ended_at, id, order_id, company_id, array(
        SELECT event FROM unnest(%(events)s::text[]) AS event
        WHERE event IN ('order.created', 'order.' || ended.status)
            AND NOT EXISTS (SELECT FROM mails m WHERE m.occasion = event || ':' || ended.order_id)
    ) AS unheard
    FROM ended ORDER BY ended_at, id"""


class _Ended(NamedTuple):
    """A saga that has ended (at UTC), and the events about its order that nobody has heard."""

    ended_at: datetime
    id: UUID
    order_id: UUID
    company_id: UUID
    unheard: list[str]


class Reminder:
    """One walk through the sagas that have ended, in the order in which they did; a sweeper has one of its own."""

    def __init__(self, *, now: datetime) -> None:
        self._behind = (now - OLDEST, _NOBODY)

    def remind(self) -> int:
        """Take the reactions that the next sagas of the walk are missing; of how many sagas there were any."""
        taken = 0
        for ended in self._next():
            if ended.unheard:
                _take(ended)
                taken += 1
            self._behind = (ended.ended_at, ended.id)
            if taken == MOST_TAKEN:
                break
        return taken

    def _next(self) -> list[_Ended]:
        ended_at, last = self._behind
        values = {"ended_at": ended_at, "id": last, "before": clock.now() - GRACE, "most": MOST_SEEN}
        with db.operator_transaction():
            return [_Ended(*row) for row in db.run(_ENDED, {**values, "events": list(MAILS)})]


def _take(ended: _Ended) -> None:
    log.warning("an event was not heard", order=str(ended.order_id), events=ended.unheard)
    try:
        for event in ended.unheard:
            with db.transaction(Tenant(company_id=ended.company_id)):
                for claim in MAILS[event]([ended.order_id], clock.now()):
                    if isinstance(claim, Claimed):
                        notifications.release(mail_id=claim.mail.id, attempt=claim.mail.attempts, error="not heard")
    except Exception as error:
        if db.is_outage(error):
            raise
        log.exception("a lost event could not be acted on", order=str(ended.order_id))  # the walk goes on without it
