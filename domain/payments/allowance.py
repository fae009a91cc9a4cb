"""How many of the payments that are asked for at the same moment may still be declined: workers ask within it."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from domain.payments.declines import NOT_ASKED, WITHIN, counts
from domain.payments.errors import PaymentNotFound
from domain.payments.gateway import Answer
from domain.payments.queries import Standing
from kit import db
from kit.config import settings

Of = tuple[str, object]
"""Whose declines are counted: ("customer", id), ("card", fingerprint or token), ("network", hash)."""


class Payable(NamedTuple):
    """A payment to ask for: how it stands, whose declines it would add to, and how many each has had lately."""

    payment: Standing
    declines: dict[Of, int]


# What is known of the attempt is gone after a day: then the payment is asked for without a limit.
_PAYABLE = """
    SELECT p.order_id, p.amount, p.currency, p.method, p.status, p.provider_ref, p.created_at,
        a.customer_id, coalesce(a.card, a.method), a.network,
        (SELECT count(*) FROM payment_attempts d
            WHERE d.company_id = a.company_id AND d.customer_id = a.customer_id AND d.declined_at > %(since)s),
        (SELECT count(*) FROM payment_attempts d
            WHERE d.company_id = a.company_id AND d.card = coalesce(a.card, a.method) AND d.declined_at > %(since)s),
        (SELECT count(*) FROM payment_attempts d
            WHERE d.company_id = a.company_id AND d.network = a.network AND d.declined_at > %(since)s)
    FROM payments p LEFT JOIN payment_attempts a ON a.id = p.order_id
    WHERE p.order_id = ANY(%(orders)s)"""


def payable(*, order_ids: Collection[UUID], now: datetime) -> dict[UUID, Payable]:
    """The payment of each of the current company's orders; raises PaymentNotFound when one has none."""
    found = {}
    for row in db.run(_PAYABLE, {"orders": list(order_ids), "since": now - WITHIN}):
        payment, whose, declines = Standing(*row[:7]), row[7:10], row[10:]
        counted = zip(("customer", "card", "network"), whose, declines, strict=True)
        found[payment.order_id] = Payable(payment, {(of, who): count for of, who, count in counted if who is not None})
    if len(found) < len(order_ids):
        raise PaymentNotFound
    return found


class Allowance:
    """Lets the threads that ask the provider for payments do so as long as declines are left.

    As many payments may be under way at once as could be declined without passing a limit; the others wait for their
    answers. A token that has proved good waits no more.
    """

    def __init__(self, payments: Iterable[Payable]) -> None:
        limits = settings()
        most = {
            "customer": limits.decline_limit_customer, "card": limits.decline_limit_card,
            "network": limits.decline_limit_network,
        }  # fmt: skip
        self._left = {of: most[of[0]] - count for each in payments for of, count in each.declines.items()}
        self._under_way: Counter[Of] = Counter()
        self._good: set[str] = set()
        self._answered = threading.Condition()

    def ask(self, payable: Payable, call: Callable[[], Answer]) -> Answer:
        """What the call answers; or else a decline of our own (NOT_ASKED), and the call is not made."""
        if not self._may_begin(payable):
            return Answer("declined", "", 0, NOT_ASKED)
        answer = None
        try:
            answer = call()
        finally:
            self._end(payable, answer)
        return answer

    def _may_begin(self, payable: Payable) -> bool:
        with self._answered:
            self._answered.wait_for(lambda: self._is_free(payable) or self._is_used_up(payable))
            if self._is_used_up(payable):
                return False
            self._under_way.update(payable.declines.keys())
            return True

    def _is_free(self, payable: Payable) -> bool:
        return payable.payment.method in self._good or all(
            self._under_way[of] < self._left[of] for of in payable.declines
        )

    def _is_used_up(self, payable: Payable) -> bool:
        return any(self._left[of] <= 0 for of in payable.declines)

    def _end(self, payable: Payable, answer: Answer | None) -> None:
        with self._answered:
            self._under_way.subtract(payable.declines.keys())
            if answer is not None and counts(answer):
                self._left |= {of: self._left[of] - 1 for of in payable.declines}
            elif answer is not None and answer.outcome != "declined":
                self._good.add(payable.payment.method)
            self._answered.notify_all()
