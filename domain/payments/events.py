"""The events of the area payments, as far as the payment provider has confirmed them."""

from dataclasses import dataclass
from uuid import UUID

from kit.messaging.events import Event
from kit.money import Money


@dataclass(frozen=True, slots=True)
class OrderPayment:
    """A payment, its order and its whole amount."""

    order_id: UUID
    payment_id: UUID
    amount: Money


@dataclass(frozen=True, slots=True)
class PaymentFailed(OrderPayment):
    """A payment that was declined. `reason` is the payment provider's code: `card_declined`, `expired_card`, …"""

    reason: str | None


@dataclass(frozen=True, slots=True)
class PaymentRefunded(OrderPayment):
    """A payment that was refunded in whole or in part. `refunded` is the amount of this refund."""

    refunded: Money


@dataclass(frozen=True, slots=True)
class DuplicateReturned:
    """A payment that the order was not paid with: what was done with it, and its amount at the payment provider."""

    order_id: UUID
    payment_id: UUID
    outcome: str
    amount: Money


@dataclass(frozen=True, slots=True)
class OrderRefund:
    """A refund of an order: its amount, and the code of its reason."""

    order_id: UUID
    refund_id: UUID
    amount: Money
    reason: str


PAYMENT_AUTHORISED = Event("payment.authorised", OrderPayment, "A payment was authorised: its amount is held.")
PAYMENT_SUCCESS = Event("payment.success", OrderPayment, "A payment was captured: the money is collected.")
PAYMENT_FAILED = Event("payment.failed", PaymentFailed, "A payment was declined.")
PAYMENT_VOIDED = Event("payment.voided", OrderPayment, "An authorised payment was voided: nothing is charged.")
PAYMENT_REFUNDED = Event("payment.refunded", PaymentRefunded, "A captured payment was refunded, in whole or in part.")
DUPLICATE_RETURNED = Event(
    "payment.duplicate_returned", DuplicateReturned, "A second payment for an order was voided or refunded."
)
REFUND_GRANTED = Event("refund.granted", OrderRefund, "A refund was granted. No money has moved yet.")
REFUND_WITHDRAWN = Event("refund.withdrawn", OrderRefund, "A granted refund was withdrawn before it was executed.")
REFUND_EXECUTED = Event("refund.executed", OrderRefund, "A refund was executed: its whole amount is paid back.")
REFUND_FAILED = Event("refund.failed", OrderRefund, "A refund failed: the payment provider refused a part of it.")
