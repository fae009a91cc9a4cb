"""The relay drains the outbox into the broker. Any number may run; each takes rows that no other relay holds."""

import itertools
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any
from uuid import UUID

import structlog
from celery import Celery

from kit import alerts, db
from kit.config import settings
from kit.db import Json, watchdog
from kit.errors import NotConfigured
from kit.messaging import causation, kept_events, outbox, pg_notify
from kit.process import failpoints, gc_tuning, liveness, logs
from kit.process.stopping import on_stop_signals
from saga.engine import task_messages
from workers import durability, queues
from workers.app import create_app
from workers.outbox.drain_lock import DrainLock
from workers.outbox.messages import Message, build_messages
from workers.outbox.publisher import BATCH_TIMEOUT, Publisher

BATCH_SIZE = 200
"""Rows taken at once, at most."""

log = structlog.get_logger()

# The transaction stays idle while the relay waits for the broker. PostgreSQL must not end it before the publisher's
# timeout.
TAKE_BATCH = """
    WITH idle_timeout AS MATERIALIZED (
        SELECT set_config('idle_in_transaction_session_timeout', %(idle_timeout)s, true)
    ), due AS (
        SELECT id FROM outbox
        WHERE available_at <= now()
            AND available_at >= coalesce(now() - make_interval(secs => %(lookback)s::float), '-infinity')
            AND (%(include_low_priority)s OR kind = 'chord'
                OR kind = 'task' AND body->>'task' NOT LIKE ALL(%(low_priority_tasks)s))
        ORDER BY available_at, id LIMIT %(batch_size)s FOR UPDATE SKIP LOCKED
    ), taken AS (
        DELETE FROM outbox WHERE id = ANY(ARRAY(SELECT id FROM due)) RETURNING id, company_id, kind, body, available_at
    )
    SELECT t.id, t.company_id, t.kind, t.body, extract(epoch FROM now() - t.available_at)::float
    FROM idle_timeout CROSS JOIN taken t
    ORDER BY t.available_at, t.id"""
_AGE_COLUMN = 4
"""The last column of TAKE_BATCH: the seconds since the row became due."""


def drain(
    app: Celery,
    publisher: Publisher,
    report_taken: Callable[[int, float], None] = lambda _rows, _age: None,
    *,
    include_low_priority: bool = True,
    lookback: float | None = None,
) -> int:
    """Take a batch of due rows and publish its messages. Returns the number of rows.

    The rows are deleted in the same transaction, which commits once the broker has confirmed all messages. Before
    publishing, `report_taken` is called with the number of rows and the age of the last one, in seconds since it became
    due. Without `include_low_priority`, events and tasks of queues.LOW_PRIORITY_AREAS stay in the outbox. Rows that
    became due more than `lookback` seconds ago are left out; None takes all. A row that cannot be sent is postponed by
    half a minute, with an alert, and delays no other row.
    """
    with db.operator_transaction():
        values = {
            "batch_size": BATCH_SIZE,
            "include_low_priority": include_low_priority,
            "low_priority_tasks": [f"{area}.%" for area in queues.LOW_PRIORITY_AREAS],
            "idle_timeout": f"{BATCH_TIMEOUT + 10:.0f}s",
            "lookback": lookback,
        }
        rows = db.run(TAKE_BATCH, values).fetchall()
        report_taken(len(rows), rows[-1][_AGE_COLUMN] if rows else 0.0)
        if not rows:
            return 0
        failpoints.hit("outbox.taken")
        messages, failures = _messages_of(app, rows)
        unroutable = publisher.publish([message for each in messages.values() for message in each])
        failures |= {
            row_id: "no queue takes it"
            for row_id, each in messages.items()
            if any(message.id in unroutable for message in each)
        }
        for row in rows:
            if row[0] in failures:
                _postpone_row(row, reason=failures[row[0]])
            elif _is_beyond_hop_limit(row):
                _alert_about_loop(row[3])
    failpoints.hit("outbox.emptied")
    return len(rows)


def _messages_of(app: Celery, rows: Sequence[tuple[Any, ...]]) -> tuple[dict[int, list[Message]], dict[int, str]]:
    """(the messages of each row, the reasons why rows have none), by row id."""
    messages: dict[int, list[Message]] = {}
    failures: dict[int, str] = {}
    events = _events_of(rows)
    for row in rows:
        row_id, _, kind, _ = row[:_AGE_COLUMN]
        try:
            bodies = [] if _is_beyond_hop_limit(row) else _bodies_of(row, events)
            messages[row_id] = [message for whole in bodies for message in build_messages(app, kind, whole)]
        except Exception as error:
            log.exception("outbox row cannot be read", outbox=row_id)
            failures[row_id] = f"it cannot be read: {type(error).__name__}"
    return messages, failures


def _bodies_of(row: tuple[Any, ...], events: Mapping[str, Json]) -> list[Json]:
    """The whole bodies of what the row sends. Raises KeyError if one of its events is not kept."""
    _, company_id, kind, body = row[:_AGE_COLUMN]
    if kind != "event":
        return [task_messages.expand(body, company_id=company_id)]
    return [events[event_id] for event_id in body["ids"]] if "ids" in body else [body]


def _events_of(rows: Sequence[tuple[Any, ...]]) -> dict[str, Json]:
    """The bodies of the events whose ids stand in these rows, by id.

    Read by a separate statement, for batches with events only: joined, each poll would lock every partition.
    """
    ids = []
    for _, _, kind, body, _ in rows:
        if kind == "event":
            with suppress(TypeError, ValueError):  # such a row cannot be sent: it is postponed
                ids += [UUID(str(event_id)) for event_id in body.get("ids", [])]
    return kept_events.read_json(ids)


def _is_beyond_hop_limit(row: tuple[Any, ...]) -> bool:
    return row[2] == "event" and bool(row[3].get("hops", 0) > causation.HOP_LIMIT)


def _alert_about_loop(event: Json) -> None:
    log.error("event not published: beyond the hop limit", event_id=event["id"], event_type=event["type"])
    names = ("id", "type", "subject", "companyid", "correlationid", "causationid", "hops")
    alerts.trigger("event_loop", {event["type"]: {name: event[name] for name in names if name in event}})


def _postpone_row(row: tuple[Any, ...], *, reason: str) -> None:
    row_id, company_id, kind, body = row[:_AGE_COLUMN]
    log.error("outbox row cannot be sent", outbox=row_id, reason=reason)
    outbox.postpone(row_id, company_id, kind, body)
    alerts.trigger("outbox_overdue", {f"row {row_id}": {"row": row_id, "kind": kind, "reason": reason}})


def run() -> None:
    """Run the relay until SIGTERM or SIGINT. It waits out outages of the database and the broker."""
    stopping = on_stop_signals()
    logs.configure()
    app = create_app()
    settings().require("broker_url")
    settings().require("operator_database_url")
    durability.require_durable("operator_database_url")
    pg_notify.require_no_pooler("operator_database_url")
    gc_tuning.freeze_before_fork()
    watchdog.start()
    drain_until(stopping, app)


def drain_until(stopping: threading.Event, app: Celery) -> None:
    """Send outbox rows with two drainers, each in a thread, until `stopping` is set."""
    with closing(DrainLock(batch_size=BATCH_SIZE)) as lock, ThreadPoolExecutor(1) as threads:
        second = threads.submit(_run_drainer, stopping, app, lock)
        _run_drainer(stopping, app, lock)
        second.result()


def _run_drainer(stopping: threading.Event, app: Celery, lock: DrainLock) -> None:
    """Drain over connections of this thread until `stopping` is set; when it ends with an error it stops the other one.

    After an error of the broker it reconnects to the next node.
    """
    nodes = itertools.count()
    try:
        while not stopping.is_set():
            try:
                with Publisher(settings().require("broker_url"), first_node=next(nodes)) as publisher:
                    log.info("relay started")
                    while not stopping.is_set():
                        with lock.wait_for_work() as poll:
                            if poll:
                                drain(
                                    app, publisher, poll.report_taken, include_low_priority=poll.include_low_priority,
                                    lookback=poll.lookback,
                                )  # fmt: skip
                        publisher.keep_alive()
                        liveness.touch()
            except NotConfigured:
                raise
            except Exception as error:  # noqa: BLE001 - the rows stay in the outbox, and the loop tries again
                liveness.touch()
                lock.poll_everything()
                log.warning("relay retries", reason=str(error), error=type(error).__name__)
                stopping.wait(1.0)
    finally:
        stopping.set()
