"""The relay: drains the outbox into the broker. Any number may run; each takes rows that no other has."""

import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
import structlog
from celery import Celery

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

log = structlog.get_logger()

_TAKE = """
    SELECT id, kind, body FROM outbox WHERE available_at <= now()
    ORDER BY available_at, id LIMIT %(batch)s FOR UPDATE SKIP LOCKED"""
_DELETE = "DELETE FROM outbox WHERE id = ANY(%(ids)s)"
_POSTPONE = "UPDATE outbox SET available_at = now() + interval '30 seconds' WHERE id = ANY(%(ids)s)"


def drain(app: Celery, publisher: Publisher) -> int:
    """Send one batch; how many rows it was. A row is deleted only when the broker has all of its messages."""
    with db.lean_operator_transaction():
        rows = db.run(_TAKE, {"batch": BATCH}).fetchall()
        if not rows:
            return 0
        crash.point("outbox.taken")
        made = {row_id: list(messages(app, kind, body)) for row_id, kind, body in rows}
        lost = publisher.publish([message for each in made.values() for message in each])
        undeliverable = [row_id for row_id, each in made.items() if any(message.id in lost for message in each)]
        if undeliverable:
            log.error("no queue takes this", outbox=undeliverable)
            db.run(_POSTPONE, {"ids": undeliverable})
        db.finish(_DELETE, {"ids": [row_id for row_id in made if row_id not in undeliverable]})
    crash.point("outbox.emptied")
    return len(rows)


def run() -> None:
    """Drain the outbox until SIGTERM or SIGINT, waiting out whatever is down meanwhile."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    logs.configure()
    app = create_app()
    broker_url = settings().need("broker_url")
    settings().need("operator_database_url")
    durability.demand("operator_database_url")
    while not stopping.is_set():
        try:
            with closing(Publisher(broker_url)) as publisher, _listening() as wakers:
                _drain_until(stopping, app, publisher, wakers)
        except NotConfigured:
            raise
        except Exception as trouble:  # noqa: BLE001 - whatever it is, the outbox keeps everything and we come back
            log.warning("the relay waits", reason=str(trouble), error=type(trouble).__name__)
            stopping.wait(1.0)


def _drain_until(stopping: threading.Event, app: Celery, publisher: Publisher, wakers: psycopg.Connection) -> None:
    log.info("the relay runs")
    while not stopping.is_set():
        if drain(app, publisher) < BATCH:
            _wait_for_a_call(wakers)
            publisher.keep_alive()


def _wait_for_a_call(wakers: psycopg.Connection) -> None:
    if list(wakers.notifies(timeout=LONGEST_PAUSE, stop_after=1)):
        list(wakers.notifies(timeout=0))  # whoever has called by now is served with the same batch


@contextmanager
def _listening() -> Iterator[psycopg.Connection]:
    """A connection that hears of every transaction that adds to the outbox (migrations/versions/0001)."""
    url = settings().need("operator_database_url")
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        connection.execute("LISTEN orderx_outbox")
        yield connection
