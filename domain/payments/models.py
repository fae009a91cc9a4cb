"""Payments, their append-only events, and payment attempts, which are kept for a day."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from kit.db import Base, Json, within_company
from kit.ids import new_id
from kit.personal_data import PERSONAL

EVENT_TYPES = (
    "authorised", "captured", "voided", "refunded", "failed", "refund_failed", "disputed", "dispute_won",
)  # fmt: skip


class Payment(Base):
    """A payment of an order, which may have several. `amount` is in minor units.

    `method` is the provider's token, never a card number. `provider_ref` is the provider's id of the payment. `status`
    follows from the sums of its events (domain/payments/sums.py), which `version` counts.
    """

    __tablename__ = "payments"
    __table_args__ = (
        within_company("order_id", "orders"),
        UniqueConstraint("company_id", "id"),
        CheckConstraint(
            "status IN ('pending', 'authorised', 'captured', 'voided', 'refunded', 'failed')", name="status"
        ),
        CheckConstraint("amount >= 0", name="amount"),
        {"postgresql_with": {"fillfactor": "70"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    order_id: Mapped[UUID] = mapped_column(index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    method: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    provider_ref: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class PaymentEvent(Base):
    """A movement of a payment at the provider; append-only, unique by `provider_ref` and type.

    `provider_ref` is the provider's id of this very refund or dispute, and of the payment otherwise. Refunds that the
    release before has recorded, which knew whole refunds only, have the payment's.
    """

    __tablename__ = "payment_events"
    __table_args__ = (
        within_company("payment_id", "payments"),
        UniqueConstraint("provider_ref", "type"),
        CheckConstraint(f"type IN {EVENT_TYPES}", name="type"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    payment_id: Mapped[UUID] = mapped_column(index=True)
    type: Mapped[str]
    provider_ref: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    detail: Mapped[Json] = mapped_column(server_default=text("'{}'"))
    happened_at: Mapped[datetime]


_DECLINED = text("declined_at IS NOT NULL")


class PaymentAttempt(Base):
    """An attempt to pay.

    Its id is that of the order for the order's first payment, that of the payment for further ones, or a new one if the
    provider did not exchange the card for a token. `card_fingerprint` is the provider's, or the token (`method`) after
    a decline without one. `network_hash` is a keyed hash of the network address. There are no foreign keys, because
    every order inserts such a row, and it is deleted after a day.
    """

    __tablename__ = "payment_attempts"
    __table_args__ = (
        Index("payment_attempts_declined_user_idx", "user_id", "declined_at", postgresql_where=_DECLINED),
        Index(
            "payment_attempts_declined_card_idx",
            "company_id",
            "card_fingerprint",
            "declined_at",
            postgresql_where=_DECLINED,
        ),
        Index(
            "payment_attempts_declined_method_idx", "company_id", "method", "declined_at", postgresql_where=_DECLINED
        ),
        Index(
            "payment_attempts_declined_network_idx",
            "company_id",
            "network_hash",
            "declined_at",
            postgresql_where=_DECLINED,
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID]
    user_id: Mapped[UUID] = mapped_column(info=PERSONAL)
    method: Mapped[str | None]
    card_fingerprint: Mapped[str | None] = mapped_column(info=PERSONAL)
    network_hash: Mapped[bytes | None] = mapped_column(LargeBinary, info=PERSONAL)
    declined_at: Mapped[datetime | None]
