"""Warehouses, stock levels, stock movements and reservations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, within_company
from kit.ids import new_id


class Warehouse(Base):
    """A warehouse of a company."""

    __tablename__ = "warehouses"
    __table_args__ = (UniqueConstraint("company_id", "name"), UniqueConstraint("company_id", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Stock(Base):
    """The stock level of a product in a warehouse: units on hand, and how many of them are reserved for open orders."""

    __tablename__ = "stock"
    __table_args__ = (
        within_company("product_id", "variants"),
        within_company("warehouse_id", "warehouses"),
        CheckConstraint("reserved BETWEEN 0 AND on_hand", name="reserved"),
        {"postgresql_with": {"fillfactor": "50"}},
    )

    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    warehouse_id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID]
    on_hand: Mapped[int] = mapped_column(server_default=text("0"))
    reserved: Mapped[int] = mapped_column(server_default=text("0"))


class StockMovement(Base):
    """One change of `on_hand`; append-only. The movements of a product in a warehouse add up to its `on_hand`."""

    __tablename__ = "stock_movements"
    __table_args__ = (
        within_company("product_id", "variants"),
        within_company("warehouse_id", "warehouses"),
        within_company("order_id", "orders"),
        CheckConstraint("quantity <> 0", name="quantity"),
        CheckConstraint("reason IN ('counted', 'sold', 'taken_back')", name="reason"),
        Index(None, "product_id", "warehouse_id"),
        Index(None, "order_id", postgresql_where=text("order_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    company_id: Mapped[UUID]
    product_id: Mapped[UUID]
    warehouse_id: Mapped[UUID]
    order_id: Mapped[UUID | None]
    quantity: Mapped[int]
    reason: Mapped[str]
    moved_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Reservation(Base):
    """Units of a product in a warehouse reserved for an order: held, then released or committed, then taken back."""

    __tablename__ = "reservations"
    __table_args__ = (
        within_company("order_id", "orders"),
        within_company("product_id", "variants"),
        within_company("warehouse_id", "warehouses"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("state IN ('held', 'released', 'committed', 'taken_back')", name="state"),
        Index(None, "product_id", "warehouse_id", postgresql_where=text("state = 'held'")),
    )

    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    warehouse_id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID]
    quantity: Mapped[int]
    state: Mapped[str] = mapped_column(server_default=text("'held'"))
