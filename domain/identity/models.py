"""Users, what they may do where, and the logins they hold."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, Json, within_company
from kit.ids import new_id

NOTIFICATIONS = """'{"email": {"order_updates": true, "news": false}}'"""
"""What everybody begins with, as SQL: nobody gets news who has not asked for them."""


class User(Base):
    """A person. Users are global; memberships tie them to companies, and everyone may be a customer.

    `verified_at` is when they have shown that they read the mails to their address; `erased_at` when they had
    themselves erased, since when the row names nobody. The phone is in E.164, the locale in BCP 47. `notifications` is
    which they want, by channel and kind: `{"email": {"order_updates", "news"}}`. A login that names no company acts for
    `chosen_company_id`, the company the user chose last, as long as they have a role there.
    """

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    phone: Mapped[str | None]
    locale: Mapped[str | None]
    time_zone: Mapped[str | None]
    notifications: Mapped[Json] = mapped_column(server_default=text(NOTIFICATIONS))
    chosen_company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id", ondelete="SET NULL"))
    verified_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Address(Base):
    """Where a user has goods sent, as orders have it, under a name of their own for it."""

    __tablename__ = "addresses"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    label: Mapped[str]
    address: Mapped[Json]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Membership(Base):
    """A role in a company, or in one shop of it; the super admin's belongs to no company."""

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
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id"))
    shop_id: Mapped[UUID | None]
    role: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ApiKey(Base):
    """A machine's way to act for a company, or in one shop of it. Of the secret only the hash and the start are kept.

    It may do what it was made for and its maker (still) may. `used_at` is right to the minute.
    """

    __tablename__ = "api_keys"
    __table_args__ = (within_company("shop_id", "shops"), Index(None, "company_id", "id"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    shop_id: Mapped[UUID | None]
    made_by: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    prefix: Mapped[str]
    hash: Mapped[bytes] = mapped_column(unique=True)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Login(Base):
    """A user on a device, from logging in to logging out: what its refresh tokens belong to, their family.

    `acts_for` is the company they act for there, null for a customer. It lapses at `lapses_at` unless it is used.
    """

    __tablename__ = "logins"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    acts_for: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id", ondelete="SET NULL"))
    device: Mapped[str | None]
    address: Mapped[str | None]
    began_at: Mapped[datetime]
    used_at: Mapped[datetime]
    lapses_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class RefreshToken(Base):
    """One use of a login. Of the token itself only the hash is kept; `replaces` is the hash of the one before.

    Its successor is derived from the token and `salt`, which is null until it is used.
    """

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index(None, "login_id"), Index(None, "replaces"))

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    replaces: Mapped[bytes | None]
    salt: Mapped[bytes | None]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    login_id: Mapped[UUID] = mapped_column(ForeignKey("logins.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Link(Base):
    """A link in a mail, good for one use. Of its token only the hash is kept."""

    __tablename__ = "links"
    __table_args__ = (
        CheckConstraint("purpose IN ('verify_email', 'reset_password')", name="purpose"),
        Index(None, "user_id"),
    )

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    purpose: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Invitation(Base):
    """A role that waits for whoever reads the mails to an address (lower case). Of the link only the hash is kept."""

    __tablename__ = "invitations"
    __table_args__ = (within_company("shop_id", "shops"), Index(None, "company_id", "id"), Index(None, "email"))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    shop_id: Mapped[UUID | None]
    email: Mapped[str]
    role: Mapped[str]
    invited_by: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]


class SecondFactor(Base):
    """The encrypted secret of a user's authenticator app, good once confirmed. Codes up to `last_step` are used up."""

    __tablename__ = "second_factors"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[bytes]
    last_step: Mapped[int] = mapped_column(BigInteger)
    confirmed_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code for when the app is lost, good once; only its hash is kept."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index(None, "user_id"),)

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    used_at: Mapped[datetime | None]


class Decoy(Base):
    """A row in place of a link or a mail, written when nobody has registered with the address that was given."""

    __tablename__ = "decoys"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    context: Mapped[Json]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Attempts(Base):
    """How often something was tried of late, and when it may be tried again. `key` is a hash that names nobody.

    `times` are those of the uses that count against a quota.
    """

    __tablename__ = "attempts"

    key: Mapped[bytes] = mapped_column(primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]
    next_at: Mapped[datetime]
    times: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)), server_default=text("'{}'"))
