"""Companies: the tenants. A merchant of the owner's documents is a company."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.companies.plans import PLANS
from kit.db import Base, Json
from kit.ids import new_id
from kit.personal_data import PERSONAL

LifecycleState = Literal["active", "suspended", "closing", "closed"]


class Company(Base):
    """A tenant. All its prices are in its currency (ISO 4217).

    `locale` is BCP 47. Unpaid orders expire after `order_expiry_minutes`. Stock below `low_stock_threshold` is low,
    unless the product has its own threshold. A refund above `refund_limit` (minor units; null: no limit) is executed by
    another person than the one who granted it. `branding` is the look of its mails: `{"name", "colour", "logo_url",
    "reply_to", "footer"}`, each optional. While suspended or closing, a company is read-only. It is closed permanently
    at `deletion_due_at`.
    """

    __tablename__ = "companies"
    __table_args__ = (
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint(f"plan IN {tuple(PLANS)}", name="plan"),
        CheckConstraint("(plan = 'trial') = (trial_ends_at IS NOT NULL)", name="trial"),
        CheckConstraint("max_discount_percent BETWEEN 0 AND 100", name="max_discount"),
        CheckConstraint("order_expiry_minutes > 0", name="order_expiry"),
        CheckConstraint("low_stock_threshold >= 0", name="low_stock"),
        CheckConstraint("refund_limit >= 0", name="refund_limit"),
        Index("companies_to_close_idx", "deletion_due_at", postgresql_where=text("closed_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    email: Mapped[str]
    currency: Mapped[str]
    allows_discount: Mapped[bool] = mapped_column(server_default=text("false"))
    max_discount_percent: Mapped[int] = mapped_column(server_default=text("20"))
    accepts_raw_cards: Mapped[bool] = mapped_column(server_default=text("true"))
    locale: Mapped[str] = mapped_column(server_default=text("'en'"))
    prices_include_tax: Mapped[bool] = mapped_column(server_default=text("true"))
    order_expiry_minutes: Mapped[int] = mapped_column(server_default=text("60"))
    low_stock_threshold: Mapped[int] = mapped_column(server_default=text("0"))
    refund_limit: Mapped[int | None] = mapped_column(BigInteger)
    branding: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    plan: Mapped[str] = mapped_column(server_default=text("'pro'"))
    trial_ends_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    deletion_due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    @property
    def lifecycle_state(self) -> LifecycleState:
        """The state of the company: only active companies accept orders and changes."""
        if self.closed_at is not None:
            return "closed"
        if self.suspended_at is not None:
            return "suspended"
        return "active" if self.deletion_due_at is None else "closing"


class CompanyEvent(Base):
    """A decision about a company, who made it (null: the system) and why. Append-only."""

    __tablename__ = "company_events"
    __table_args__ = (Index(None, "company_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    event: Mapped[str]
    decided_by: Mapped[UUID | None] = mapped_column(info=PERSONAL)
    detail: Mapped[Json]
    happened_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class UsageCount(Base):
    """The number of shops or products (`resource`) of a company in a shop, for its plan. A closed shop has no rows."""

    __tablename__ = "usage_counts"
    __table_args__ = (CheckConstraint("count > 0", name="count"),)

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(primary_key=True)
    resource: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


class OrderCount(Base):
    """The number of a company's orders in a month (its first day, UTC), split into shards.

    The trigger `number_order` counts orders. Transactions at the same time use different shards, as far as there are
    enough, so that they do not wait for each other.
    """

    __tablename__ = "order_counts"
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    count: Mapped[int]
