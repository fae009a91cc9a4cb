"""Companies: the tenants. Seed A's merchant is a company."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.companies.plans import PLANS
from kit.db import Base, Json
from kit.ids import new_id

Standing = Literal["active", "suspended", "closing", "closed"]


class Company(Base):
    """A tenant: everything it sells is priced in its one currency.

    `locale` is BCP 47; unpaid orders expire after so many minutes; stock is low below the threshold, unless a product
    has its own. `branding` is what mails look like: `{"name", "colour", "logo_url", "reply_to", "footer"}`, all of it
    optional. Suspended or closing, it can only be read; it closes for good once its deletion is due.
    """

    __tablename__ = "companies"
    __table_args__ = (
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint(f"plan IN {tuple(PLANS)}", name="plan"),
        CheckConstraint("(plan = 'trial') = (trial_ends_at IS NOT NULL)", name="trial"),
        CheckConstraint("max_discount_percent BETWEEN 0 AND 100", name="max_discount"),
        CheckConstraint("order_expiry_minutes > 0", name="order_expiry"),
        CheckConstraint("low_stock_threshold >= 0", name="low_stock"),
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
    branding: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    plan: Mapped[str] = mapped_column(server_default=text("'pro'"))
    trial_ends_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    deletion_due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    @property
    def standing(self) -> Standing:
        """Whether the company does business."""
        if self.closed_at is not None:
            return "closed"
        if self.suspended_at is not None:
            return "suspended"
        return "active" if self.deletion_due_at is None else "closing"


class CompanyEvent(Base):
    """Something that was decided about a company, by whom (null: it was time) and why. Append-only."""

    __tablename__ = "company_events"
    __table_args__ = (Index(None, "company_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"))
    event: Mapped[str]
    decided_by: Mapped[UUID | None]
    detail: Mapped[Json]
    happened_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class OrderCount(Base):
    """How many orders of a month (UTC, its first day) were counted in one of a company's shards.

    PostgreSQL counts them itself as orders are committed (trigger `counted`), each connection in a shard of its own as
    far as they go round: so orders that are placed at once do not wait for each other.
    """

    __tablename__ = "order_counts"
    __table_args__ = ({"postgresql_with": {"fillfactor": "50"}},)

    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    count: Mapped[int]
