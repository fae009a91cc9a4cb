"""The outbox: what shall be sent, written in the transaction that decides it; and the inbox: what was heard already.

A row is an intent. The relay (workers/relay.py) turns it into Celery messages or a CloudEvent and deletes it once
the broker has confirmed them.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kit import clock, db, logs
from kit.db import Base, Json
from kit.ids import new_id

Kind = Literal["chord", "task", "event"]

_ROWS = "outbox rows"


class Outbox(Base):
    """One thing to send. `available_at` holds a retry back until its time (UTC)."""

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
    """An event that a consumer has acted on."""

    __tablename__ = "inbox"

    consumer: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID | None]
    heard_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


# Without RETURNING, because the app role may add to the outbox but not read it, not even what it has just added.
_WRITE = """
    INSERT INTO outbox (company_id, kind, body, available_at)
    SELECT o.company_id, o.kind, o.body, coalesce(o.available_at, now())
    FROM jsonb_to_recordset(%(rows)s) AS o (company_id uuid, kind text, body jsonb, available_at timestamptz)"""


def send(kind: Kind, body: Json, *, company_id: UUID | None, available_at: datetime | None = None) -> None:
    """Have the relay send this once the current transaction has committed, not before `available_at`."""
    row = {"company_id": company_id, "kind": kind, "body": body, "available_at": available_at}
    db.info().setdefault(_ROWS, []).append(row)
    db.before_commit(_write)


def take_unwritten() -> list[Json]:
    """The rows that the current transaction has still to write, for a caller that writes them with its own."""
    rows: list[Json] = db.info().pop(_ROWS, [])
    return rows


def _write() -> None:
    rows = take_unwritten()
    if rows:
        db.insert({"rows": db.as_json(rows)}, _WRITE)


def publish(event: str, data: dict[str, Any], *, subject: UUID, company_id: UUID | None) -> None:
    """Announce what has just happened, as a CloudEvent 1.0 whose type is the routing key (`order.created`).

    It names the request it came of, if a request it was. An event about an order has `order_id` in its data, also where
    its subject is another thing, such as the order's payment: workers know the requests of a batch by order.
    """
    body = {
        "specversion": "1.0",
        "id": str(new_id()),
        "source": "/orderx/" + event.partition(".")[0],
        "type": event,
        "subject": str(subject),
        "time": clock.now().isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "companyid": str(company_id) if company_id else None,
        "requestid": logs.request_id(data.get("order_id", subject)),
        "data": data,
    }
    send("event", {k: v for k, v in body.items() if v is not None}, company_id=company_id)


# In one order for all, so that two who hear of the same at once do not wait for each other.
_HEAR = """
    INSERT INTO inbox (consumer, event_id, company_id)
    SELECT %(consumer)s, event_id, %(company)s FROM unnest(%(events)s::uuid[]) AS event_id ORDER BY event_id
    ON CONFLICT DO NOTHING RETURNING event_id"""


def hear(*, consumer: str, event_ids: Iterable[UUID], company_id: UUID | None) -> set[UUID]:
    """Mark the events as heard by this consumer; which of them had not been, and are to be acted on."""
    heard = {"consumer": consumer, "events": list(event_ids), "company": company_id}
    return {event_id for (event_id,) in db.run(_HEAR, heard)}
