"""Limiting concurrent payments to the number that can still be declined: workers call the provider within it."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.payments.declines import BLOCKED, WINDOW, is_counted
from domain.payments.errors import PaymentNotFound
from domain.payments.gateway import Answer
from domain.payments.queries import PaymentSummary
from kit import db
from kit.config import settings

Counted = tuple[str, object]
"""What declines are counted by: ("customer", id), ("card", fingerprint or token) or ("network", hash)."""


class LimitedPayment(NamedTuple):
    """A payment to authorise, with the recent declines of its customer, card and network."""

    payment: PaymentSummary
    declines: dict[Counted, int]


# Attempts are deleted after a day; payments without an attempt are not limited.
_READ_PAYMENTS = """
    SELECT p.id, p.order_id, p.amount, p.currency, p.method, p.status, p.provider_ref, p.created_at,
        a.user_id, coalesce(a.card_fingerprint, a.method), a.network_hash,
        (SELECT count(*) FROM payment_attempts d
            WHERE d.company_id = a.company_id AND d.user_id = a.user_id AND d.declined_at > %(since)s),
        (SELECT count(*) FROM payment_attempts d
            WHERE d.company_id = a.company_id AND d.card_fingerprint = coalesce(a.card_fingerprint, a.method)
                AND d.declined_at > %(since)s),
        (SELECT count(*) FROM payment_attempts d
            WHERE d.company_id = a.company_id AND d.network_hash = a.network_hash AND d.declined_at > %(since)s)
    FROM payments p LEFT JOIN payment_attempts a
        ON a.id = coalesce((SELECT id FROM payment_attempts WHERE id = p.id), p.order_id)
    WHERE p.order_id = ANY(%(orders)s) ORDER BY p.id"""


def load_payments(*, order_ids: Collection[UUID], now: datetime) -> dict[UUID, list[LimitedPayment]]:
    """Load the payments of orders of the current company, the first one first.

    Raises PaymentNotFound when an order has none.
    """
    payments: dict[UUID, list[LimitedPayment]] = {}
    for row in db.run(_READ_PAYMENTS, {"orders": list(order_ids), "since": now - WINDOW}):
        payment, values, declines = PaymentSummary(*row[:8]), row[8:11], row[11:]
        columns = zip(("customer", "card", "network"), values, declines, strict=True)
        counted = {(kind, value): count for kind, value, count in columns if value is not None}
        payments.setdefault(payment.order_id, []).append(LimitedPayment(payment, counted))
    if len(payments) < len(order_ids):
        raise PaymentNotFound
    return payments


class DeclineLimiter:
    """Limits the calls that the threads of a batch make to the provider at the same time.

    A payment may be declined, and declines are limited for each customer, card and network. So for each of them no more
    calls run at the same time than declines are left; other threads wait until a running call is answered. A call
    does not wait if another payment with the same payment method has succeeded.
    """

    def __init__(self, payments: Iterable[LimitedPayment]) -> None:
        config = settings()
        limits = {
            "customer": config.decline_limit_customer, "card": config.decline_limit_card,
            "network": config.decline_limit_network,
        }  # fmt: skip
        self._remaining = {
            counted: limits[counted[0]] - count for each in payments for counted, count in each.declines.items()
        }
        self._running: Counter[Counted] = Counter()
        self._approved_methods: set[str] = set()
        self._answered = threading.Condition()

    def call(self, limited: LimitedPayment, call: Callable[[], Answer]) -> Answer:
        """Call the provider, or return a decline with the code BLOCKED without calling it when a limit is exhausted."""
        if not self._acquire(limited):
            return Answer("declined", "", 0, BLOCKED)
        answer = None
        try:
            answer = call()
        finally:
            self._release(limited, answer)
        return answer

    def _acquire(self, limited: LimitedPayment) -> bool:
        with self._answered:
            self._answered.wait_for(lambda: self._is_free(limited) or self._is_exhausted(limited))
            if self._is_exhausted(limited):
                return False
            self._running.update(limited.declines.keys())
            return True

    def _is_free(self, limited: LimitedPayment) -> bool:
        return limited.payment.method in self._approved_methods or all(
            self._running[counted] < self._remaining[counted] for counted in limited.declines
        )

    def _is_exhausted(self, limited: LimitedPayment) -> bool:
        return any(self._remaining[counted] <= 0 for counted in limited.declines)

    def _release(self, limited: LimitedPayment, answer: Answer | None) -> None:
        with self._answered:
            self._running.subtract(limited.declines.keys())
            if answer is not None and is_counted(answer):
                self._remaining |= {counted: self._remaining[counted] - 1 for counted in limited.declines}
            elif answer is not None and answer.outcome != "declined":
                self._approved_methods.add(limited.payment.method)
            self._answered.notify_all()
