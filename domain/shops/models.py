"""Shops of companies and their locations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, Json, within_company
from kit.ids import new_id


class Shop(Base):
    """A shop of a company. Customers order from a company through its shops. A closed shop accepts no orders.

    `slug` is its name in public addresses, unique in the installation; without one it shows the world nothing.
    `stock_display` is what it shows of its stock: units, whether few are left, or whether there are any.
    """

    __tablename__ = "shops"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        CheckConstraint("offers_pickup OR offers_delivery", name="fulfilment"),
        CheckConstraint("stock_display IN ('exact', 'few_left', 'in_stock')", name="stock_display"),
        Index("shops_slug_idx", "slug", unique=True),
        Index("shops_open_name_idx", "company_id", "name", unique=True, postgresql_where=text("closed_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    name: Mapped[str]
    offers_pickup: Mapped[bool] = mapped_column(server_default=text("false"))
    offers_delivery: Mapped[bool] = mapped_column(server_default=text("true"))
    slug: Mapped[str | None]
    stock_display: Mapped[str] = mapped_column(server_default=text("'in_stock'"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    closed_at: Mapped[datetime | None]


class Location(Base):
    """A location of a shop: its address (in the format of an order's), time zone (IANA) and opening hours.

    `opening_hours` has OpenStreetMap's syntax, and is null if unknown. `exceptions` are days with other hours:
    `[{"first_day", "last_day", "hours", "reason"}]`, where null `hours` mean closed.
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
