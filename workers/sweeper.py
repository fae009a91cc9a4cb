"""The sweeper: brings back what got lost on the way, and forgets what is over. Any number may run."""

import signal
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import TextClause, text

from kit import clock, db
from kit.config import settings
from kit.db import watchdog
from kit.process import liveness, logs
from saga.close_companies import close_due
from saga.engine.retention import prune
from saga.engine.sweep import sweep
from saga.registry import find
from workers import definitions, durability
from workers.alarms import rounds as alarms
from workers.forgotten import Reminder

EVERY = 1.0
"""Seconds between two rounds."""

TIDY_EVERY = timedelta(minutes=10)

log = structlog.get_logger()

_SEND_FORGOTTEN_MAILS = """
    WITH forgotten AS (
        SELECT id FROM mails
        WHERE status IN ('queued', 'sending') AND due_at < now()
        ORDER BY due_at LIMIT 100 FOR UPDATE SKIP LOCKED
    ), again AS (
        UPDATE mails SET due_at = now() + interval '10 seconds'
        FROM forgotten WHERE mails.id = forgotten.id RETURNING mails.id, mails.company_id, mails.user_id
    )
    INSERT INTO outbox (company_id, kind, body)
    SELECT company_id, 'task', jsonb_build_object(
        'task', 'notifications.send_mail', 'id', id,
        'kwargs', jsonb_strip_nulls(
            jsonb_build_object('mail_id', id, 'company_id', company_id, 'user_id', user_id)))
    FROM again"""

_FORGET_OLD = (
    text("DELETE FROM idempotency_keys WHERE created_at < now() - interval '24 hours'"),
    text("DELETE FROM inbox WHERE heard_at < now() - interval '30 days'"),
    text("DELETE FROM alerts WHERE closing_told_at < now() - interval '90 days'"),
    text("""
        WITH over AS (DELETE FROM logins WHERE coalesce(ended_at, lapses_at) < now() - interval '1 day')
        DELETE FROM refresh_tokens WHERE expires_at < now()"""),
    text("DELETE FROM links WHERE expires_at < now() - interval '1 day'"),
    text("DELETE FROM decoys WHERE created_at < now() - interval '1 day'"),
    text("""
        DELETE FROM payment_attempts -- their ids are UUIDv7: the time they were made, in milliseconds, stands first
        WHERE id < rpad(
            lpad(to_hex((extract(epoch FROM now() - interval '1 day') * 1000)::bigint), 12, '0'), 32, '0')::uuid"""),
    text("DELETE FROM attempts WHERE greatest(last_at, next_at) < now() - interval '24 hours'"),
)


def run() -> None:
    """Sweep until SIGTERM or SIGINT."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    logs.configure()
    settings().require("operator_database_url")
    settings().require("database_url")
    durability.demand("operator_database_url", "database_url")
    definitions.demand()
    watchdog.start()
    alarms.start(stopping)
    log.info("the sweeper runs")
    sweep_until(stopping)


def sweep_until(stopping: threading.Event) -> None:
    """Go round, waiting out whatever is down meanwhile."""
    tidied, behind = clock.now(), False
    reminder = Reminder(now=tidied)
    while not stopping.wait(EVERY):
        liveness.touch()
        try:
            run_each(sweep_once, send_forgotten_mails, reminder.remind)
            if clock.now() - tidied > TIDY_EVERY:
                tidied, behind = clock.now(), True
                tidy(now=tidied)
            if behind:  # a batch a round: sagas that are stranded do not wait until all is forgotten that is over
                behind = forget_journals(now=clock.now()) > 0
        except Exception as trouble:  # noqa: BLE001 - the next round finds what this one did not
            log.warning("the sweeper waits", reason=str(trouble), error=type(trouble).__name__)


def run_each(*parts: Callable[[], object]) -> None:
    """Run every part, and log what one of them raises: the others do not depend on it.

    Raises only when the database is gone, which none of them can do without.
    """
    for part in parts:
        try:
            part()
        except Exception as trouble:
            if db.is_outage(trouble):
                raise
            log.exception("a part of the sweeper failed")


def sweep_once() -> int:
    """Re-send what stranded sagas are missing; returns how many sagas there were."""
    stranded = sweep(find)
    if stranded:
        log.info("re-sent what was missing", sagas=stranded)
    return stranded


def send_forgotten_mails() -> None:
    """Have the mails sent that nobody sends."""
    with db.operator_transaction():
        db.run(_SEND_FORGOTTEN_MAILS, {})


def tidy(*, now: datetime) -> None:
    """Forget keys, events and the like whose time is over, and close companies whose time is; each for itself."""
    run_each(*(partial(_forget, statement) for statement in _FORGET_OLD), partial(close_due, now=now))


def _forget(statement: TextClause) -> None:
    with db.operator_transaction():
        session = db.session()
        session.execute(statement)


def forget_journals(*, now: datetime) -> int:
    """Forget a batch of the journals whose time is over; how many it was."""
    return prune(before=now - timedelta(days=settings().journal_days))
