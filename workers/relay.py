"""The relay: drains the outbox into the broker. Any number may run; each takes rows that no other has."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import psycopg
import structlog
from celery import Celery
from psycopg.types.json import Jsonb

from kit import crash, db, logs
from kit.config import settings
from kit.errors import NotConfigured
from workers import durability
from workers.app import create_app
from workers.messages import messages
from workers.publisher import Publisher

BATCH = 200
LONGEST_PAUSE = 0.25
"""Seconds between two looks at the outbox when nothing wakes the relay: what was held back may have come due."""
SECOND_LOOKS_AFTER = 1.0
"""The same for the second lane: what comes while the first waits for the broker's confirms and for its COMMIT, which is
most of its time, need not wait for it. Both are called; the first looks for what is held back. A lane is
stopped at its next look."""

log = structlog.get_logger()

_TAKE = """
    WITH due AS (
        SELECT id FROM outbox WHERE available_at <= now()
        ORDER BY available_at, id LIMIT %(batch)s FOR UPDATE SKIP LOCKED
    ), taken AS (
        DELETE FROM outbox WHERE id = ANY(ARRAY(SELECT id FROM due)) RETURNING id, company_id, kind, body, available_at
    )
    SELECT id, company_id, kind, body FROM taken ORDER BY available_at, id"""
_POSTPONE = """
    INSERT INTO outbox (company_id, kind, body, available_at)
    VALUES (%(company)s, %(kind)s, %(body)s, now() + interval '30 seconds')"""


def drain(app: Celery, publisher: Publisher) -> int:
    """Send one batch; how many rows it was. That they are taken counts only once the broker has all their messages."""
    with db.lean_operator_transaction():
        rows = db.run(_TAKE, {"batch": BATCH}).fetchall()
        if not rows:
            return 0
        crash.point("outbox.taken")
        made = [list(messages(app, kind, body)) for _, _, kind, body in rows]
        lost = publisher.publish([message for each in made for message in each])
        for (row_id, company_id, kind, body), each in zip(rows, made, strict=True):
            if any(message.id in lost for message in each):
                log.error("no queue takes this", outbox=row_id)
                db.run(_POSTPONE, {"company": company_id, "kind": kind, "body": Jsonb(body)})
    crash.point("outbox.emptied")
    return len(rows)


def run() -> None:
    """Drain the outbox until SIGTERM or SIGINT, waiting out whatever is down meanwhile."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    logs.configure()
    app = create_app()
    settings().need("broker_url")
    settings().need("operator_database_url")
    durability.demand("operator_database_url")
    drain_until(stopping, app)


def drain_until(stopping: threading.Event, app: Celery) -> None:
    """Drain in two lanes."""
    with ThreadPoolExecutor(1) as threads:
        second = threads.submit(_lane, stopping, app, SECOND_LOOKS_AFTER)
        _lane(stopping, app, LONGEST_PAUSE)
        second.result()


def _lane(stopping: threading.Event, app: Celery, longest_pause: float) -> None:
    """Drain with connections of one's own. When one lane cannot go on at all, the other ends, too."""
    try:
        while not stopping.is_set():
            try:
                with closing(Publisher(settings().need("broker_url"))) as publisher, _listening() as wakers:
                    _drain_when_called(stopping, app, publisher, wakers, longest_pause)
            except NotConfigured:
                raise
            except Exception as trouble:  # noqa: BLE001 - whatever it is, the outbox keeps everything and we come back
                log.warning("the relay waits", reason=str(trouble), error=type(trouble).__name__)
                stopping.wait(1.0)
    finally:
        stopping.set()


def _drain_when_called(
    stopping: threading.Event, app: Celery, publisher: Publisher, wakers: psycopg.Connection, longest_pause: float
) -> None:
    log.info("the relay runs")
    while not stopping.is_set():
        if drain(app, publisher) < BATCH:
            _wait_for_a_call(wakers, longest_pause)
            publisher.keep_alive()


def _wait_for_a_call(wakers: psycopg.Connection, longest_pause: float) -> None:
    if list(wakers.notifies(timeout=longest_pause, stop_after=1)):
        list(wakers.notifies(timeout=0))  # whoever has called by now is served with the same batch


@contextmanager
def _listening() -> Iterator[psycopg.Connection]:
    """A connection that hears of every transaction that adds to the outbox (migrations/versions/0001)."""
    url = settings().need("operator_database_url")
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        connection.execute("LISTEN orderx_outbox")
        yield connection
