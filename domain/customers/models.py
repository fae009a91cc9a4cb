"""A company's customers with their addresses, and the groups that they belong to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, Json, within_company
from kit.ids import new_id
from kit.personal_data import PERSONAL


class Customer(Base):
    """A company's own record of a buyer: of a user, or of a guest, who is known by an email address only.

    `phone` in E.164, `locale` in BCP 47. `marketing_decided_at` is when the customer last agreed to receive
    advertising, or withdrew the consent.
    """

    __tablename__ = "customers"
    __table_args__ = (
        UniqueConstraint("company_id", "id"),
        UniqueConstraint("company_id", "user_id"),
        Index(
            "customers_guest_email_idx", "company_id", "email", unique=True, postgresql_where=text("user_id IS NULL")
        ),
        Index(None, "company_id", "email"),
        Index(None, "user_id"),
        CheckConstraint("email = lower(email)", name="email"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), info=PERSONAL)
    name: Mapped[str] = mapped_column(server_default=text("''"), info=PERSONAL)
    email: Mapped[str | None] = mapped_column(info=PERSONAL)
    phone: Mapped[str | None] = mapped_column(info=PERSONAL)
    locale: Mapped[str | None] = mapped_column(info=PERSONAL)
    vat_id: Mapped[str | None] = mapped_column(info=PERSONAL)
    tax_exempt: Mapped[bool] = mapped_column(server_default=text("false"))
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"), info=PERSONAL)
    note: Mapped[str] = mapped_column(server_default=text("''"), info=PERSONAL)
    accepts_marketing: Mapped[bool] = mapped_column(server_default=text("false"))
    marketing_decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class CustomerAddress(Base):
    """An address of a customer, kept by the company."""

    __tablename__ = "customer_addresses"
    __table_args__ = (within_company("customer_id", "customers", ondelete="CASCADE"), Index(None, "customer_id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    customer_id: Mapped[UUID]
    label: Mapped[str] = mapped_column(info=PERSONAL)
    address: Mapped[Json] = mapped_column(info=PERSONAL)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class CustomerGroup(Base):
    """A group of customers, such as wholesale."""

    __tablename__ = "customer_groups"
    __table_args__ = (UniqueConstraint("company_id", "name"), UniqueConstraint("company_id", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class GroupMember(Base):
    """A customer in a group."""

    __tablename__ = "customer_group_members"
    __table_args__ = (
        within_company("group_id", "customer_groups", ondelete="CASCADE"),
        within_company("customer_id", "customers", ondelete="CASCADE"),
        Index(None, "customer_id"),
    )

    group_id: Mapped[UUID] = mapped_column(primary_key=True)
    customer_id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID]
