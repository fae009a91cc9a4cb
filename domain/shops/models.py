"""Shops: where a company sells; and their locations, where buyers can go."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, Json, within_company
from kit.ids import new_id


class Shop(Base):
    """One shop of a company; buyers enter a company through its shops. Once closed it sells no more."""

    __tablename__ = "shops"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        CheckConstraint("offers_pickup OR offers_delivery", name="fulfilment"),
        Index("shops_open_name_idx", "company_id", "name", unique=True, postgresql_where=text("closed_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    name: Mapped[str]
    offers_pickup: Mapped[bool] = mapped_column(server_default=text("false"))
    offers_delivery: Mapped[bool] = mapped_column(server_default=text("true"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    closed_at: Mapped[datetime | None]


class Location(Base):
    """A place of a shop: its address, as orders have it, its time zone (IANA), and when it is open there.

    `opening_hours` is in OpenStreetMap's syntax, null where nobody has said; `exceptions` are days on which it is not
    so: `[{"first_day", "last_day", "hours", "reason"}]`, where no hours mean that it is closed.
    """

    __tablename__ = "locations"
    __table_args__ = (within_company("shop_id", "shops"), Index(None, "shop_id", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    shop_id: Mapped[UUID]
    name: Mapped[str]
    address: Mapped[Json]
    time_zone: Mapped[str]
    opening_hours: Mapped[str | None]
    exceptions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    offers_pickup: Mapped[bool] = mapped_column(server_default=text("true"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
