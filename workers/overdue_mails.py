"""Sends mails again whose first attempt has failed or is lost.

A mail that is sent at once has no `retry_at`, and changes no index. A sweeper reads the mails of the last seconds in
the order of their ids, which are UUIDv7, and gives a `retry_at` to those that are not sent by then.
"""

from datetime import datetime, timedelta
from uuid import UUID

from kit import db, ids
from kit.messaging import outbox
from kit.messaging.tasks import task_body

MAX_AGE = timedelta(days=32)
"""How far back a sweeper looks for unsent mails when it starts: all sweepers may have been stopped for long."""

GRACE_PERIOD = timedelta(seconds=5)
"""Time for the first attempt, before a mail that is not sent gets a `retry_at`: the end of its claim, or a minute."""

LOOK_BACK, LOOK_BACK_EVERY = timedelta(minutes=2), timedelta(minutes=1)
"""The mails of the last minutes are read again: a transaction may commit long after it made the id of its mail."""

MAX_READ = 20_000
"""Mails per call of resend()."""

_SCHEDULE_UNSENT_MAILS = """
    WITH following AS MATERIALIZED (
        SELECT id, retry_at IS NULL AND status IN ('queued', 'sending') AS is_unsent FROM mails
        WHERE id >= %(after)s AND id < %(before)s ORDER BY id LIMIT %(limit)s
    ), unsent AS (
        SELECT id FROM mails
        WHERE id = ANY(ARRAY(SELECT id FROM following WHERE is_unsent))
            AND retry_at IS NULL AND status IN ('queued', 'sending')
        FOR UPDATE SKIP LOCKED
    ), scheduled AS (
        UPDATE mails SET retry_at = coalesce(leased_until, created_at + interval '60 seconds')
        FROM unsent WHERE mails.id = unsent.id
    )
    SELECT count(*), (SELECT id FROM following ORDER BY id DESC LIMIT 1) FROM following"""
_POSTPONE_OVERDUE_MAILS = """
    WITH overdue AS (
        SELECT id FROM mails
        WHERE retry_at < now() AND status IN ('queued', 'sending')
        ORDER BY retry_at LIMIT 100 FOR UPDATE SKIP LOCKED
    )
    UPDATE mails SET retry_at = now() + interval '10 seconds'
    FROM overdue WHERE mails.id = overdue.id RETURNING mails.id, mails.company_id, mails.user_id"""


class MailResender:
    """Finds overdue mails, in the order of their ids, and enqueues their tasks again. Each sweeper has one."""

    def __init__(self, *, now: datetime) -> None:
        self._position = ids.first_at(now - MAX_AGE)
        self._look_back_at = now + LOOK_BACK_EVERY

    def resend(self, *, now: datetime) -> None:
        """Enqueue the task of each mail that is overdue, at most 100."""
        before = ids.first_at(now - GRACE_PERIOD)
        with db.operator_transaction():
            read, last = self._schedule_unsent(before)
            for mail_id, company_id, user_id in db.run(_POSTPONE_OVERDUE_MAILS, {}):
                _send_task(mail_id, company_id, user_id)
        self._position = UUID(int=last.int + 1) if last and read == MAX_READ else max(before, self._position)
        if read < MAX_READ and now >= self._look_back_at:
            self._position, self._look_back_at = ids.first_at(now - LOOK_BACK), now + LOOK_BACK_EVERY

    def _schedule_unsent(self, before: UUID) -> tuple[int, UUID | None]:
        values = {"after": self._position, "before": before, "limit": MAX_READ}
        [(read, last)] = db.run(_SCHEDULE_UNSENT_MAILS, values)
        return read, last


def _send_task(mail_id: UUID, company_id: UUID | None, user_id: UUID | None) -> None:
    owner = {"company_id": str(company_id)} if company_id else {"user_id": str(user_id)}
    kwargs = {"mail_id": str(mail_id), **owner}
    task = task_body("notifications.send_mail", kwargs, task_id=str(mail_id))
    outbox.send("task", task, company_id=company_id)
