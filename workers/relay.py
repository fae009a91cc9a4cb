"""The relay: drains the outbox into the broker. Any number may run; each takes rows that no other has."""

import signal
import threading
from contextlib import closing

import structlog
from celery import Celery
from sqlalchemy import Connection, text

from kit import db
from kit.config import settings
from workers.app import create_app
from workers.messages import messages
from workers.publisher import Publisher

BATCH = 200
BUSY_PAUSE, IDLE_PAUSE = 0.003, 0.03
"""Seconds between two looks at the outbox: right after there was something in it, and at most."""

log = structlog.get_logger()

_TAKE = text("""
    SELECT id, kind, body FROM outbox WHERE available_at <= now()
    ORDER BY available_at, id LIMIT :batch FOR UPDATE SKIP LOCKED""")
_WAITING = text("SELECT EXISTS (SELECT FROM outbox WHERE available_at <= now())")
_DELETE = text("DELETE FROM outbox WHERE id = ANY(:ids)")
_POSTPONE = text("UPDATE outbox SET available_at = now() + interval '30 seconds' WHERE id = ANY(:ids)")


def drain(app: Celery, publisher: Publisher) -> int:
    """Send one batch; how many rows it was. A row is deleted only when the broker has all of its messages."""
    with db.operator_transaction() as session:
        rows = session.execute(_TAKE, {"batch": BATCH}).all()
        made = {row.id: list(messages(app, row.kind, row.body)) for row in rows}
        lost = publisher.publish([message for each in made.values() for message in each])
        undeliverable = [row_id for row_id, each in made.items() if any(message.id in lost for message in each)]
        session.execute(_DELETE, {"ids": [row_id for row_id in made if row_id not in undeliverable]})
        if undeliverable:
            log.error("no queue takes this", outbox=undeliverable)
            session.execute(_POSTPONE, {"ids": undeliverable})
        return len(rows)


def run() -> None:
    """Drain the outbox until SIGTERM or SIGINT, waiting out whatever is down meanwhile."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    app = create_app()
    broker_url = settings().need("broker_url")
    settings().need("operator_database_url")
    while not stopping.is_set():
        try:
            with closing(Publisher(broker_url)) as publisher, db.operator_glances() as glance:
                _drain_until(stopping, app, publisher, glance)
        except Exception as trouble:  # noqa: BLE001 - whatever it is, the outbox keeps everything and we come back
            log.warning("the relay waits", reason=str(trouble), error=type(trouble).__name__)
            stopping.wait(1.0)


def _drain_until(stopping: threading.Event, app: Celery, publisher: Publisher, glance: Connection) -> None:
    log.info("the relay runs")
    pause = BUSY_PAUSE
    while not stopping.is_set():
        if glance.scalar(_WAITING):
            drain(app, publisher)
            pause = BUSY_PAUSE
        else:
            stopping.wait(pause)
            pause = min(IDLE_PAUSE, pause * 1.5)
            publisher.keep_alive()
