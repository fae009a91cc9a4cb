"""The table of kept events: every event that was published within the last month, for consumers that missed it.

An event is written once, here; its row in the outbox has its id. The table is partitioned by the day of the ids, which
are UUIDv7. `rotate_event_partitions()` (migrations/functions) creates partitions ahead and drops those of old events.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from kit import db
from kit.db import Base, Json
from kit.messaging.cloud_events import COLUMNS, CloudEvent, json_format

KEPT = timedelta(days=30)
"""How long events are kept, at least; at most a day longer. The database function has the same number."""

TABLES_WITHOUT_RETENTION = {"events": "`rotate_partitions` drops the partition of each day after that time"}

INSERT_EVENTS = """
    INSERT INTO events (id, company_id, type, subject, sequence, context, data)
    SELECT e.event_id, e.company_id, e.type, e.subject, e.sequence, e.context, e.data
    FROM jsonb_to_recordset(%(messages)s) AS e (
        event_id uuid, company_id uuid, type text, subject uuid, sequence int, context jsonb, data jsonb)
    WHERE e.event_id IS NOT NULL"""
"""Inserts the events among the messages that go to the outbox, in the statement that inserts those."""


class KeptEvent(Base):
    """An event that was published. `context` has the attributes that say where it comes from."""

    __tablename__ = "events"
    __table_args__ = {"postgresql_partition_by": "RANGE (id)"}  # noqa: RUF012 - as SQLAlchemy wants it

    id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID | None]
    type: Mapped[str]
    subject: Mapped[UUID]
    sequence: Mapped[int | None]
    context: Mapped[Json | None]
    data: Mapped[Json]


def insert_values(event: CloudEvent) -> Json:
    """The fields of a message from which INSERT_EVENTS writes this event."""
    return {
        "event_id": event.id,
        "company_id": event.company_id,
        "type": event.type,
        "subject": event.subject,
        "sequence": event.sequence,
        "context": event.context or None,
        "data": event.data,
    }


_READ_EVENTS = f"""
    SELECT {", ".join(COLUMNS)} FROM events
    WHERE id = ANY(%(ids)s) AND id BETWEEN %(first)s AND %(last)s ORDER BY id"""  # noqa: S608
"""The first and the last id limit the search to the partitions of their days."""


def read(event_ids: Iterable[UUID]) -> list[CloudEvent]:
    """The kept events with these ids, in the order of their ids; those that are not kept are left out."""
    return [from_row(row) for row in _rows(event_ids)]


def read_json(event_ids: Iterable[UUID]) -> dict[str, Json]:
    """The kept events with these ids in CloudEvents' JSON format, by id; those that are not kept are left out."""
    return {str(row[0]): json_format(row) for row in _rows(event_ids)}


def _rows(event_ids: Iterable[UUID]) -> Iterable[tuple[Any, ...]]:
    ids = sorted(event_ids)
    return db.run(_READ_EVENTS, {"ids": ids, "first": ids[0], "last": ids[-1]}) if ids else ()


def from_row(row: Sequence[Any]) -> CloudEvent:
    """The event in a row with COLUMNS."""
    return CloudEvent.from_columns(**dict(zip(COLUMNS, row, strict=True)))


_ROTATION_CALLS = 3
"""The transactions that a new partition takes while the default partition has events."""


def rotate_partitions() -> None:
    """Create the partitions of the coming days, and delete the events that are no longer kept.

    Does nothing while another process does so, and changes no partition while a long transaction uses it.
    """
    for _ in range(_ROTATION_CALLS):
        with db.operator_transaction():
            db.run("SELECT rotate_event_partitions()", {})
