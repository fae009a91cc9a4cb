"""Orders, their lines, and idempotency keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from domain.sales.channels import CHANNELS, Channel
from domain.sales.headline import (
    FULFILMENT_STATES,
    PAYMENT_STATES,
    STATES,
    STATUSES,
    FulfilmentState,
    PaymentState,
    State,
)
from domain.sales.totals import Totals
from kit.db import Base, Json, within_company
from kit.ids import new_id
from kit.personal_data import PERSONAL


class Order(Base):
    """An order. Amounts are in minor units of `currency`; `failure` is null or `{"code", "step", "detail"}`.

    `status` is the headline of the three states. `subtotal` is the sum of the lines. Amounts up to `total` are frozen;
    `paid` is what was captured, and `refunded` what went back of it. A null billing address is the shipping address.
    The trigger `number_order` sets the number, which is the company's own: "2611-42".
    """

    __tablename__ = "orders"
    __table_args__ = (
        within_company("shop_id", "shops"),
        within_company("customer_id", "customers"),
        CheckConstraint(f"status IN {STATUSES}", name="status"),
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint(f"channel IN {CHANNELS}", name="channel"),
        CheckConstraint(f"payment_state IN {PAYMENT_STATES}", name="payment_state"),
        CheckConstraint(f"fulfilment_state IN {FULFILMENT_STATES}", name="fulfilment_state"),
        CheckConstraint("discount_percent BETWEEN 0 AND 100", name="discount_percent"),
        CheckConstraint(
            "total >= 0 AND total = subtotal - discounts + shipping + fees"
            " + CASE WHEN tax_included THEN 0 ELSE tax END",
            name="total",
        ),
        CheckConstraint(
            "least(subtotal, shipping, fees, tax) >= 0 AND discounts BETWEEN 0 AND subtotal + shipping", name="amounts"
        ),
        CheckConstraint("refunded BETWEEN 0 AND paid", name="refunded"),
        UniqueConstraint("company_id", "id"),
        Index("orders_company_id_number_key", "company_id", "number", unique=True),
        Index(None, "customer_id", "id"),
        {"postgresql_with": {"fillfactor": "80"}},
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    company_id: Mapped[UUID]
    number: Mapped[str]
    shop_id: Mapped[UUID]
    customer_id: Mapped[UUID] = mapped_column(info=PERSONAL)
    customer_email: Mapped[str] = mapped_column(info=PERSONAL)
    customer_name: Mapped[str] = mapped_column(info=PERSONAL)
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    state: Mapped[State] = mapped_column(Text, server_default=text("'pending'"))
    payment_state: Mapped[PaymentState] = mapped_column(Text, server_default=text("'none'"))
    fulfilment_state: Mapped[FulfilmentState] = mapped_column(Text, server_default=text("'none'"))
    disputed: Mapped[bool] = mapped_column(server_default=text("false"))
    currency: Mapped[str]
    subtotal: Mapped[int] = mapped_column(BigInteger)
    discount_percent: Mapped[int] = mapped_column(server_default=text("0"))
    discounts: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    shipping: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    fees: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    tax: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    tax_included: Mapped[bool] = mapped_column(server_default=text("true"))
    total: Mapped[int] = mapped_column(BigInteger)
    paid: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    refunded: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    shipping_address: Mapped[Json] = mapped_column(info=PERSONAL)
    billing_address: Mapped[Json | None] = mapped_column(info=PERSONAL)
    phone: Mapped[str | None] = mapped_column(info=PERSONAL)
    note: Mapped[str | None] = mapped_column(info=PERSONAL)
    channel: Mapped[Channel] = mapped_column(Text, server_default=text("'shop'"))
    failure: Mapped[Json | None]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    placed_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    @property
    def totals(self) -> Totals:
        """The totals by kind."""
        return Totals(
            items=self.subtotal, discounts=self.discounts, shipping=self.shipping, fees=self.fees, tax=self.tax,
            tax_included=self.tax_included, paid=self.paid, refunded=self.refunded,
        )  # fmt: skip


class OrderLine(Base):
    """A product in an order, with its price when the order was placed. Several lines may have one product."""

    __tablename__ = "order_lines"
    __table_args__ = (
        within_company("order_id", "orders"),
        within_company("product_id", "variants"),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("unit_price >= 0", name="unit_price"),
    )

    id: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    order_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[UUID]
    product_id: Mapped[UUID]
    sku: Mapped[str]
    name: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[int] = mapped_column(BigInteger)


class IdempotencyKey(Base):
    """A caller's idempotency key and its order; `fingerprint` is a keyed hash of the request body."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (within_company("order_id", "orders"), Index(None, "created_at"))

    caller_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, info=PERSONAL)
    key: Mapped[str] = mapped_column(primary_key=True)
    company_id: Mapped[UUID]
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    order_id: Mapped[UUID]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
