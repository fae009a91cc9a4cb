"""Mails: one row per occasion and recipient, so that no mail is sent twice."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, Json, within_company
from kit.ids import new_id
from kit.personal_data import PERSONAL


class Mail(Base):
    """A mail about an order, sent by its company, or about a user's account.

    `occasion` is the reason (`order.created:<order id>`). `context` is empty in mails about orders, because all of it
    is in the order; that of a mail about an account is deleted once it is sent. The Message-ID is made of the row's
    id. The sweeper sends mails that have not been sent by `retry_at` (UTC), which is set once the first attempt has
    failed or is lost. So a mail that is sent at once changes no index.
    """

    __tablename__ = "mails"
    __table_args__ = (
        within_company("order_id", "orders"),
        UniqueConstraint("occasion", "recipient"),
        CheckConstraint("num_nonnulls(company_id, user_id) = 1", name="one_owner"),
        CheckConstraint("order_id IS NULL OR company_id IS NOT NULL", name="order"),
        CheckConstraint("status IN ('queued', 'sending', 'sent', 'refused')", name="status"),
        Index(None, "order_id"),
        Index("mails_of_a_user_idx", "user_id", postgresql_where=text("user_id IS NOT NULL")),
        Index("mails_retry_idx", "retry_at", postgresql_where=text("retry_at IS NOT NULL")),
        {"postgresql_with": {"fillfactor": "55"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), info=PERSONAL)
    occasion: Mapped[str]
    recipient: Mapped[str] = mapped_column(info=PERSONAL)
    template: Mapped[str]
    context: Mapped[Json] = mapped_column(info=PERSONAL)
    status: Mapped[str] = mapped_column(server_default=text("'queued'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    leased_until: Mapped[datetime | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    sent_at: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]
