"""Price lists, and the history of all prices."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, within_company
from kit.ids import new_id


class PriceList(Base):
    """Prices for a shop (null: all), for a group of customers (null: everybody) and a time.

    Where several lists have a price, the one with the highest `priority` applies, and of equal ones the newest.
    `is_sale` announces its prices as a reduction. What the list applied to does not change: its prices are history.
    """

    __tablename__ = "price_lists"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        within_company("shop_id", "shops"),
        within_company("group_id", "customer_groups", ondelete="CASCADE"),
        CheckConstraint("ends_at >= starts_at", name="period"),
        Index(None, "group_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    name: Mapped[str]
    shop_id: Mapped[UUID | None]
    group_id: Mapped[UUID | None]
    priority: Mapped[int] = mapped_column(server_default=text("0"))
    is_sale: Mapped[bool] = mapped_column(server_default=text("false"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ListPrice(Base):
    """The price of a variant in a list (minor units), for at least `min_quantity` units, while it is valid.

    Append-only: another price ends the validity of this one, and nothing else of it changes.
    """

    __tablename__ = "list_prices"
    __table_args__ = (
        within_company("price_list_id", "price_lists", ondelete="CASCADE"),
        within_company("variant_id", "variants", ondelete="CASCADE"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("min_quantity >= 1", name="min_quantity"),
        CheckConstraint("valid_until >= valid_from", name="validity"),
        Index(None, "variant_id"),
        Index(
            "list_prices_current_idx", "price_list_id", "variant_id", "min_quantity", unique=True,
            postgresql_where=text("valid_until IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    price_list_id: Mapped[UUID]
    variant_id: Mapped[UUID]
    min_quantity: Mapped[int] = mapped_column(server_default=text("1"))
    price: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]


class BasePrice(Base):
    """A price that a variant has had from `changed_at` on (minor units). A trigger (record_base_price) adds it."""

    __tablename__ = "base_prices"
    __table_args__ = (within_company("variant_id", "variants", ondelete="CASCADE"),)

    variant_id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID]
    changed_at: Mapped[datetime] = mapped_column(primary_key=True)
    price: Mapped[int] = mapped_column(BigInteger)
