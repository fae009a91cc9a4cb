"""Limiting concurrent payments to the number that can still be declined: workers call the provider within it."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID
from weakref import WeakSet, WeakValueDictionary

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


class _RunningCalls:
    """The calls of one company that run in this process, by what declines are counted by, and all its limiters."""

    def __init__(self) -> None:
        self.answered = threading.Condition()
        self.running: Counter[Counted] = Counter()
        self.limiters: WeakSet[DeclineLimiter] = WeakSet()


_running_calls: WeakValueDictionary[UUID, _RunningCalls] = WeakValueDictionary()
"""By company id, as long as the company has a limiter."""


class DeclineLimiter:
    """Limits the calls for payments of one company that the threads of this process make at the same time.

    A payment may be declined, and declines are limited for each customer, card and network. So for each of them no more
    calls run at the same time than declines are left, also if they belong to other limiters; other threads wait until a
    running call is answered. A call does not wait if another payment with the same payment method has succeeded.
    """

    def __init__(self, payments: Iterable[LimitedPayment], *, company_id: UUID) -> None:
        config = settings()
        limits = {
            "customer": config.decline_limit_customer, "card": config.decline_limit_card,
            "network": config.decline_limit_network,
        }  # fmt: skip
        self._remaining = {
            counted: limits[counted[0]] - count for each in payments for counted, count in each.declines.items()
        }
        self._approved_methods: set[str] = set()
        self._calls = _running_calls.setdefault(company_id, _RunningCalls())
        with self._calls.answered:
            self._calls.limiters.add(self)

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
        with self._calls.answered:
            self._calls.answered.wait_for(lambda: self._is_free(limited) or self._is_exhausted(limited))
            if self._is_exhausted(limited):
                return False
            self._calls.running.update(limited.declines.keys())
            return True

    def _is_free(self, limited: LimitedPayment) -> bool:
        return limited.payment.method in self._approved_methods or all(
            self._calls.running[counted] < self._remaining[counted] for counted in limited.declines
        )

    def _is_exhausted(self, limited: LimitedPayment) -> bool:
        return any(self._remaining[counted] <= 0 for counted in limited.declines)

    def _release(self, limited: LimitedPayment, answer: Answer | None) -> None:
        with self._calls.answered:
            self._calls.running -= Counter(limited.declines.keys())  # drops those that are zero by then
            for limiter in self._calls.limiters:
                limiter.count_answer(limited, answer)
            self._calls.answered.notify_all()

    def count_answer(self, limited: LimitedPayment, answer: Answer | None) -> None:
        """Count the answer to a call of any limiter of the company; None if the call raised an error."""
        if answer is not None and is_counted(answer):
            for counted in self._remaining.keys() & limited.declines.keys():
                self._remaining[counted] -= 1
        elif answer is not None and answer.outcome != "declined":
            self._approved_methods.add(limited.payment.method)
