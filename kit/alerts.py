"""Alerts for operators: opened once per problem, delivered at least once, closed when the problem is over."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal, get_args
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kit import db
from kit.db import Base, Json
from kit.db.retention import Retention

Kind = Literal[
    "event_loop",
    "incident_opened",
    "job_failed",
    "long_running_transaction",
    "nothing_consumed",
    "outbox_overdue",
    "queue_stalled",
    "saga_version_unknown",
    "schedule_failing",
    "schedule_overdue",
    "worker_died",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Alert(Base):
    """One problem, named by kind and key, for which at most one alert is open at a time. All times are UTC.

    `delivered_at` and `closing_delivered_at` are when the opening and the closing were delivered to the webhook. Until
    then the next attempt is due at `next_delivery_at`; `attempts` counts the failed ones.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        Index(None, "closing_delivered_at"),
        Index("alerts_open_idx", "kind", "key", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index(
            "alerts_undelivered_idx",
            "next_delivery_at",
            postgresql_where=text("delivered_at IS NULL OR (closed_at IS NOT NULL AND closing_delivered_at IS NULL)"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    kind: Mapped[str]
    key: Mapped[str]
    detail: Mapped[Json]
    opened_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    closed_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    closing_delivered_at: Mapped[datetime | None]
    next_delivery_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))


RETENTION_RULES = (Retention("alerts", "closing_delivered_at", timedelta(days=90)),)

_OPEN_ALERT = """
    INSERT INTO alerts (kind, key, detail) VALUES (%(kind)s, %(key)s, %(detail)s)
    ON CONFLICT (kind, key) WHERE closed_at IS NULL DO NOTHING"""
_CLOSE_ALERTS = """
    UPDATE alerts SET closed_at = now() WHERE kind = %(kind)s AND key = ANY(%(keys)s) AND closed_at IS NULL"""
_CLOSE_OTHER_ALERTS = """
    UPDATE alerts SET closed_at = now() WHERE kind = %(kind)s AND key <> ALL(%(keys)s) AND closed_at IS NULL"""


def trigger(kind: Kind, details: Mapping[str, Json]) -> None:
    """Open an alert of this kind for each key, unless one is open already. `details` maps keys to alert details."""
    for key, detail in details.items():
        db.run(_OPEN_ALERT, {"kind": kind, "key": key, "detail": Jsonb(detail)})


def close(kind: Kind, keys: Iterable[str]) -> None:
    """Close the open alerts of this kind with these keys; keys without an open alert are ignored."""
    db.run(_CLOSE_ALERTS, {"kind": kind, "keys": sorted(keys)})


def replace(kind: Kind, details: Mapping[str, Json]) -> None:
    """Open an alert of this kind for each key, as `trigger` does, and close the open ones with other keys."""
    trigger(kind, details)
    db.run(_CLOSE_OTHER_ALERTS, {"kind": kind, "keys": list(details)})
