"""Payments with their append-only events, refunds, and payment attempts, which are kept for a day."""

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


REFUND_REASONS = (
    "cancelled",
    "returned",
    "damaged",
    "not_received",
    "wrong_item",
    "price_adjustment",
    "goodwill",
    "other",
)
REFUND_STATUSES = ("granted", "executing", "executed", "failed", "withdrawn")


class Refund(Base):
    """A refund of an order: granted by one act, and executed by another one. `amount` is in minor units.

    From the grant on, its amount can be refunded no other way. A refund fails if the provider refuses any part of it.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        within_company("order_id", "orders"),
        UniqueConstraint("company_id", "id"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint(f"reason IN {REFUND_REASONS}", name="reason"),
        CheckConstraint(f"status IN {REFUND_STATUSES}", name="status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    order_id: Mapped[UUID] = mapped_column(index=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]
    reason: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'granted'"))
    granted_by: Mapped[UUID]
    granted_at: Mapped[datetime]
    executed_by: Mapped[UUID | None]
    executed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))


class RefundPart(Base):
    """What of a refund goes back to one payment. `provider_ref` is the provider's id of this refund.

    A planned part counts as pending. `failure` is the provider's code.
    """

    __tablename__ = "refund_parts"
    __table_args__ = (
        within_company("refund_id", "refunds"),
        within_company("payment_id", "payments"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("status IN ('planned', 'refunded', 'failed', 'withdrawn')", name="status"),
    )

    refund_id: Mapped[UUID] = mapped_column(primary_key=True)
    payment_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    company_id: Mapped[UUID]
    amount: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(server_default=text("'planned'"))
    provider_ref: Mapped[str | None]
    failure: Mapped[str | None]


class RefundLine(Base):
    """Units of an order line that a refund is for, and their share of what the line cost after discounts."""

    __tablename__ = "refund_lines"
    __table_args__ = (
        within_company("refund_id", "refunds"),
        CheckConstraint("quantity > 0", name="quantity"),
    )

    refund_id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    company_id: Mapped[UUID]
    quantity: Mapped[int]
    amount: Mapped[int] = mapped_column(BigInteger)


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
