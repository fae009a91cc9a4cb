"""Memberships, invitations and API keys: who has which role and permissions in a company."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, within_company
from kit.ids import new_id
from kit.personal_data import PERSONAL


class Membership(Base):
    """A user's role in a company, or in one shop of it. Only super admins have a role without a company."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("user_id", "company_id", "shop_id", "role", postgresql_nulls_not_distinct=True),
        CheckConstraint("role IN ('super_admin', 'company_admin', 'shop_manager', 'staff')", name="role"),
        CheckConstraint("(role = 'super_admin') = (company_id IS NULL)", name="company"),
        CheckConstraint("role IN ('shop_manager', 'staff') OR shop_id IS NULL", name="shop"),
        within_company("shop_id", "shops"),
        Index(None, "company_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), info=PERSONAL)
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    shop_id: Mapped[UUID | None]
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ApiKey(Base):
    """A key with which a program acts for a company, or in one shop of it.

    Only the secret's hash and its first characters (`prefix`) are stored. Its permissions are limited to those that its
    creator (`created_by`) still has. `last_used_at` is accurate to the minute.
    """

    __tablename__ = "api_keys"
    __table_args__ = (within_company("shop_id", "shops"), Index(None, "company_id", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    shop_id: Mapped[UUID | None]
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), info=PERSONAL)
    name: Mapped[str]
    prefix: Mapped[str]
    hash: Mapped[bytes] = mapped_column(unique=True)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Invitation(Base):
    """A role offered to an email address (lower case). Only the hash of the link's token is stored."""

    __tablename__ = "invitations"
    __table_args__ = (within_company("shop_id", "shops"), Index(None, "company_id", "id"), Index(None, "email"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    shop_id: Mapped[UUID | None]
    email: Mapped[str] = mapped_column(info=PERSONAL)
    role: Mapped[str]
    invited_by: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), info=PERSONAL)
    hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
