"""Users, their sessions, one-time links and second factors."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, Json
from kit.ids import new_id
from kit.personal_data import PERSONAL

DEFAULT_NOTIFICATIONS = """'{"email": {"order_updates": true, "news": false}}'"""
"""The preferences of a new user, as SQL. News are opt-in."""


class User(Base):
    """A person. Users belong to no company: memberships connect them, and every user can be a customer.

    `verified_at` is when the user verified the email address, `erased_at` when the user's personal data was erased.
    `phone` is in E.164, `locale` in BCP 47. `notifications` has the preferences by channel and kind:
    `{"email": {"order_updates", "news"}}`. A new session acts for `default_company_id` unless it names another company,
    as long as the user has a role there.
    """

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(unique=True, info=PERSONAL)
    name: Mapped[str] = mapped_column(info=PERSONAL)
    password_hash: Mapped[str] = mapped_column(info=PERSONAL)
    phone: Mapped[str | None] = mapped_column(info=PERSONAL)
    locale: Mapped[str | None] = mapped_column(info=PERSONAL)
    time_zone: Mapped[str | None] = mapped_column(info=PERSONAL)
    notifications: Mapped[Json] = mapped_column(server_default=text(DEFAULT_NOTIFICATIONS), info=PERSONAL)
    default_company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id", ondelete="SET NULL"))
    verified_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Address(Base):
    """A user's delivery address, in the format of an order's, with the user's label for it."""

    __tablename__ = "addresses"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), info=PERSONAL)
    label: Mapped[str] = mapped_column(info=PERSONAL)
    address: Mapped[Json] = mapped_column(info=PERSONAL)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class UserSession(Base):
    """A user's session on a device, from login to logout. It owns a chain of refresh tokens.

    `active_company_id` is the company the user acts for, null for a customer. The session expires at `expires_at`
    unless its refresh token is used.
    """

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "user_id"), Index("sessions_end_idx", text("coalesce(ended_at, expires_at)")))

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), info=PERSONAL)
    active_company_id: Mapped[UUID | None] = mapped_column(ForeignKey("companies.id", ondelete="SET NULL"))
    device: Mapped[str | None] = mapped_column(info=PERSONAL)
    ip_address: Mapped[str | None] = mapped_column(info=PERSONAL)
    started_at: Mapped[datetime]
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class RefreshToken(Base):
    """A refresh token of a session. Only its hash is stored; `replaces` is the hash of its predecessor.

    Its successor is derived from the token and `salt`, which is null until the token is used.
    """

    __tablename__ = "refresh_tokens"
    __table_args__ = (Index(None, "session_id"), Index(None, "replaces"), Index(None, "expires_at"))

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    replaces: Mapped[bytes | None]
    salt: Mapped[bytes | None]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), info=PERSONAL)
    session_id: Mapped[UUID] = mapped_column(ForeignKey("sessions.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class OneTimeLink(Base):
    """A link sent by email, valid once. Only the hash of its token is stored."""

    __tablename__ = "one_time_links"
    __table_args__ = (
        CheckConstraint("purpose IN ('verify_email', 'reset_password')", name="purpose"),
        Index(None, "user_id"),
        Index(None, "expires_at"),
    )

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), info=PERSONAL)
    purpose: Mapped[str]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SecondFactor(Base):
    """The encrypted secret of a user's authenticator app, active once confirmed. Codes up to `last_step` are used."""

    __tablename__ = "second_factors"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, info=PERSONAL)
    secret: Mapped[bytes] = mapped_column(info=PERSONAL)
    last_step: Mapped[int] = mapped_column(BigInteger)
    confirmed_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code for users who have lost their authenticator app, valid once. Only its hash is stored."""

    __tablename__ = "recovery_codes"
    __table_args__ = (Index(None, "user_id"),)

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), info=PERSONAL)
    used_at: Mapped[datetime | None]


class TimingDecoy(Base):
    """A row written instead of a link or a mail when the email address is not registered.

    So both cases write as much, and the response time does not reveal which addresses are registered.
    """

    __tablename__ = "timing_decoys"
    __table_args__ = (Index(None, "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    context: Mapped[Json]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class AttemptCounter(Base):
    """The number of recent attempts at something, and when the next one is allowed.

    `key` is a hash without personal data. `recent_uses` are the times of the uses that count against a quota.
    """

    __tablename__ = "attempt_counters"
    __table_args__ = (Index("attempt_counters_end_idx", text("greatest(last_at, next_allowed_at)")),)

    key: Mapped[bytes] = mapped_column(primary_key=True)
    count: Mapped[int]
    last_at: Mapped[datetime]
    next_allowed_at: Mapped[datetime]
    recent_uses: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)), server_default=text("'{}'"))
