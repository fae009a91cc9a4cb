"""Which of an order's payments a payment of the provider is."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from domain.payments.gateway import Answer


def paid_with(answer: Answer, payments_of_order: Sequence[Row[Any]]) -> Row[Any] | None:
    """Return the payment that the provider's payment is, by its reference or our id; else the order's first payment.

    Of that one it would be a duplicate. The rows have the columns `payment_id` and `provider_ref`, the first payment
    first. Returns None for an order without a payment.
    """
    named = (row for row in payments_of_order if row.provider_ref == answer.ref or row.payment_id == answer.payment_id)
    return next(named, payments_of_order[0] if payments_of_order else None)
