"""What somebody must look at: opened once, told until it is heard, and closed when it is over."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kit import db
from kit.db import Base, Json

Kind = Literal["incident_opened", "nothing_consumed", "outbox_ages", "queue_ages", "snapshot_ages", "worker_died"]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Alert(Base):
    """One thing amiss, of a kind, and which: at most one is open at a time.

    `told_at` and `closing_told_at` are when the webhook has taken it; until then it is told again at `tell_at`, and
    `attempts` counts how often it was tried. All times are UTC.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint(f"kind IN {KINDS}", name="kind"),
        Index("alerts_open_idx", "kind", "key", unique=True, postgresql_where=text("closed_at IS NULL")),
        Index(
            "alerts_untold_idx",
            "tell_at",
            postgresql_where=text("told_at IS NULL OR (closed_at IS NOT NULL AND closing_told_at IS NULL)"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    kind: Mapped[str]
    key: Mapped[str]
    detail: Mapped[Json]
    opened_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    closed_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    closing_told_at: Mapped[datetime | None]
    tell_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))


_SOUND = """
    INSERT INTO alerts (kind, key, detail) VALUES (%(kind)s, %(key)s, %(detail)s)
    ON CONFLICT (kind, key) WHERE closed_at IS NULL DO NOTHING"""
_CLOSE = """
    UPDATE alerts SET closed_at = now() WHERE kind = %(kind)s AND key = ANY(%(keys)s) AND closed_at IS NULL"""


def sound(kind: Kind, found: Mapping[str, Json]) -> None:
    """Open an alert of this kind for each key, unless it is open already."""
    for key, detail in found.items():
        db.run(_SOUND, {"kind": kind, "key": key, "detail": Jsonb(detail)})


def close(kind: Kind, keys: Iterable[str]) -> None:
    """Close the alerts of this kind with these keys; those that are not open do not matter."""
    db.run(_CLOSE, {"kind": kind, "keys": sorted(keys)})
