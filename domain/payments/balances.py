"""What was paid with each payment of an order, and how much of it can still be refunded."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.payments.sums import READ_SUMS
from kit import db


class PaymentBalance(NamedTuple):
    """The sums of a payment, in minor units. `pending` is granted to be refunded, and not refunded yet."""

    id: UUID
    order_id: UUID
    amount: int
    currency: str
    status: str
    provider_ref: str | None
    created_at: datetime
    authorised: int
    captured: int
    voided: int
    refunded: int
    disputed: int
    pending: int
    captured_at: datetime | None

    @property
    def held(self) -> int:
        """What is authorised and can still be captured: a capture releases the rest."""
        return 0 if self.captured or self.voided else self.authorised

    @property
    def refundable(self) -> int:
        """What can be refunded now."""
        return max(0, self.captured - self.refunded - self.pending - self.disputed)


_READ_PAYMENT_IDS = "SELECT id FROM payments WHERE order_id = ANY(%(orders)s)"
_LOCK_PAYMENTS = f"{_READ_PAYMENT_IDS} ORDER BY id FOR UPDATE"
_READ_SUMS_OF_ORDERS = READ_SUMS.format(
    events=f"(SELECT * FROM payment_events WHERE payment_id IN ({_READ_PAYMENT_IDS})) e"  # noqa: S608 - constants only
)
_READ_BALANCES = f"""
    SELECT p.id, p.order_id, p.amount, p.currency, p.status, p.provider_ref, p.created_at,
        coalesce(s.authorised, 0), coalesce(s.captured, 0), coalesce(s.voided, 0), coalesce(s.refunded, 0),
        coalesce(s.disputed, 0),
        (SELECT coalesce(sum(r.amount), 0)::bigint FROM refund_parts r
            WHERE r.payment_id = p.id AND r.status = 'planned'),
        (SELECT min(e.happened_at) FROM payment_events e WHERE e.payment_id = p.id AND e.type = 'captured')
    FROM payments p LEFT JOIN ({_READ_SUMS_OF_ORDERS}) s ON s.payment_id = p.id
    WHERE p.order_id = ANY(%(orders)s) ORDER BY p.id"""  # noqa: S608 - constants only


def balances(*, order_ids: Collection[UUID], lock: bool = False) -> dict[UUID, Sequence[PaymentBalance]]:
    """Return the balances of each order's payments, the first payment first; empty for an order without a payment.

    With `lock`, the payments are locked until the transaction ends, so that the balances stay as they are.
    """
    if lock:
        db.run(_LOCK_PAYMENTS, {"orders": list(order_ids)})
    found: dict[UUID, list[PaymentBalance]] = {order_id: [] for order_id in order_ids}
    for balance in map(PaymentBalance._make, db.run(_READ_BALANCES, {"orders": list(order_ids)})):
        found[balance.order_id].append(balance)
    return {**found}
