"""The transactional outbox (messages to send after commit) and the inbox (events that consumers have processed).

The relay (workers/outbox/relay.py) turns an outbox row into Celery messages or a CloudEvent, and deletes it once the
broker has confirmed them. The events of a transaction are in the table of kept events, and a row has the ids of up to
ten. The inbox makes the processing of an event idempotent.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kit import db
from kit.checks import Check
from kit.db import Base, Json
from kit.db.retention import Retention
from kit.ids import new_id
from kit.messaging import causation, kept_events
from kit.messaging.cloud_events import CloudEvent

Kind = Literal["chord", "task", "event"]

_PENDING = "outbox rows"

EVENTS_PER_ROW = 10
"""Events that one row sends, at most: the relay takes hundreds of rows at once, and a chord may wait behind them."""


class Outbox(Base):
    """One task, one chord, or some events of a transaction to send, not before `available_at` (UTC)."""

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("kind IN ('chord', 'task', 'event')", name="kind"),
        Index(None, "available_at", "id"),
        {"postgresql_with": {"fillfactor": "50", "autovacuum_vacuum_scale_factor": "0.01"}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    company_id: Mapped[UUID | None]
    kind: Mapped[str]
    body: Mapped[Json]
    available_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Inbox(Base):
    """An event that a consumer has processed."""

    __tablename__ = "inbox"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    consumer: Mapped[str] = mapped_column(primary_key=True)
    company_id: Mapped[UUID | None]
    processed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


_INBOX_KEPT = kept_events.KEPT + timedelta(days=2)
"""Longer than the events, so that replayed ones are recognized."""

RETENTION_RULES = (
    Retention("inbox", "event_id", _INBOX_KEPT, key="uuid7", condition="processed_at < now() - interval '30 days'"),
)
"""Event ids are UUIDv7. An event that was processed late, after an outage for example, is kept for 30 more days."""

TABLES_WITHOUT_RETENTION = {"outbox": "a row is deleted when the broker has confirmed its message"}

CHECKS = (Check("the outbox is empty", "SELECT kind || ' ' || id || ' is in the outbox' FROM outbox", at_rest=True),)

# Without RETURNING: the app role may insert into the outbox but not read it, not even its own rows.
_INSERT_MESSAGES = """
    INSERT INTO outbox (company_id, kind, body, available_at)
    SELECT o.company_id, o.kind, o.body, coalesce(o.available_at, now())
    FROM jsonb_to_recordset(%(messages)s) AS o (company_id uuid, kind text, body jsonb, available_at timestamptz)
    WHERE o.kind IS NOT NULL"""


def send(
    kind: Kind, body: Json, *, company_id: UUID | None, available_at: datetime | None = None, like_event: bool = False
) -> None:
    """Send a message after the current transaction has committed, and not before `available_at` (UTC).

    With `like_event` it is written by the statement that an event takes, so that the time does not tell them apart.
    """
    _buffer_row({**_row(kind, body, company_id=company_id, available_at=available_at), "like_event": like_event})


def _row(kind: Kind, body: Json, *, company_id: UUID | None, available_at: datetime | None = None) -> Json:
    return {"company_id": company_id, "kind": kind, "body": body, "available_at": available_at}


def _buffer_row(row: Json) -> None:
    db.info().setdefault(_PENDING, []).append(row)
    db.before_commit(_write_pending)


def _write_pending() -> None:
    """Write the rows. One without a `kind` is an event to keep; a company's events are sent by rows with their ids."""
    rows: list[Json] = db.info().pop(_PENDING)
    ids: dict[UUID | None, list[UUID]] = {}
    for row in rows:
        if "event_id" in row:
            ids.setdefault(row["company_id"], []).append(row["event_id"])
    rows += [
        _row("event", {"ids": of_company[start : start + EVENTS_PER_ROW]}, company_id=company_id)
        for company_id, of_company in ids.items()
        for start in range(0, len(of_company), EVENTS_PER_ROW)
    ]
    keep = [kept_events.INSERT_EVENTS] if ids or any(row.get("like_event") for row in rows) else []
    db.insert({"messages": db.as_json(rows)}, *keep, _INSERT_MESSAGES)


# With its id, by which alerts name it.
_PUT_BACK_MESSAGE = """
    INSERT INTO outbox (id, company_id, kind, body, available_at) OVERRIDING SYSTEM VALUE
    VALUES (%(id)s, %(company)s, %(kind)s, %(body)s, now() + interval '30 seconds')"""


def postpone(row_id: int, company_id: UUID | None, kind: Kind, body: Json) -> None:
    """Put back a row that this transaction of the operator role has deleted, to be sent in half a minute."""
    db.run(_PUT_BACK_MESSAGE, {"id": row_id, "company": company_id, "kind": kind, "body": Jsonb(body)})


def publish(
    event_type: str, data: dict[str, Any], *, subject: UUID, company_id: UUID | None, sequence: int | None = None
) -> None:
    """Keep an event and send it after commit, as a CloudEvent 1.0 whose type is also the routing key (`order.created`).

    `sequence` orders the events about a subject: the version of its row, which this transaction has locked. The event
    carries its origin: the request, the event that a reaction handles, or the saga (kit/messaging/causation.py).
    """
    event = CloudEvent(new_id(), company_id, event_type, subject, data, sequence)
    send_event(causation.with_cause(event))


def send_event(event: CloudEvent) -> None:
    """Keep the event, and send it after the current transaction has committed.

    An event beyond HOP_LIMIT is neither kept nor published: the relay raises an alert in its place.
    """
    if event.hops > causation.HOP_LIMIT:
        send("event", event.as_json(), company_id=event.company_id)
        return
    _buffer_row(kept_events.insert_values(event))


# Sorted, so that two transactions with the same events do not deadlock.
_MARK_PROCESSED = """
    INSERT INTO inbox (consumer, event_id, company_id)
    SELECT %(consumer)s, event_id, %(company)s FROM unnest(%(events)s::uuid[]) AS event_id ORDER BY event_id
    ON CONFLICT DO NOTHING RETURNING event_id"""


def mark_processed(*, consumer: str, event_ids: Iterable[UUID], company_id: UUID | None) -> set[UUID]:
    """Mark events as processed by this consumer. Returns the ids that were not marked before."""
    values = {"consumer": consumer, "events": list(event_ids), "company": company_id}
    return {event_id for (event_id,) in db.run(_MARK_PROCESSED, values)}
