"""Comparing the provider's payments with ours, and putting right what we do not know of, after a restore above all.

A payment that no order asks for is given back: its order is unknown here, has failed or is cancelled, or is paid with
another payment. What a saga is still at work on is left to it. Orders are written before anything is paid for them, so
one that is unknown once the provider has listed its payment will stay so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text

from domain.payments import operations as payments
from domain.payments.gateway import Answer
from domain.payments.stripe_gateway import gateway
from kit import clock, db
from kit.tenancy import Tenant

BATCH = 100

Verdict = Literal["agrees", "under way", "give back", "write down", "look at"]

_ORDERS = text("""
    SELECT o.id, o.company_id, o.status, p.provider_ref, p.status AS payment, p.amount,
        o.status = 'pending' OR EXISTS (
            SELECT FROM sagas s WHERE s.subject_id = o.id AND s.name = 'cancel_order' AND s.ended_at IS NULL
        ) AS under_way,
        array(SELECT e.provider_ref || ' ' || e.type FROM payment_events e WHERE e.payment_id = p.id) AS heard
    FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.id = ANY(:orders)""")


@dataclass(frozen=True, slots=True)
class Compared:
    """One payment of the provider's, what is to be done about it and `why`, and what it is after that was done."""

    order_id: UUID
    answer: Answer
    verdict: Verdict
    why: str
    after: Answer


def reconcile(*, since: datetime, dry_run: bool = False) -> Iterator[Compared]:
    """Compare every payment made `since` then, the newest first, and put right what can be; `dry_run` only judges.

    Safe at any time, and to repeat. Raises ProviderUnavailable; what was put right by then stays so.
    """
    made = gateway().every_payment(since=since)
    while batch := list(islice(made, BATCH)):
        with db.operator_transaction():
            session = db.session()
            rows = session.execute(_ORDERS, {"orders": [order_id for order_id, _ in batch]})
            known = {row.id: row for row in rows}
        for order_id, answer in batch:
            order = known.get(order_id)
            verdict, why = judge(order, answer)
            after = answer if dry_run else _put_right(order, answer, verdict)
            yield Compared(order_id, answer, verdict, why, after)


def judge(order: Row[Any] | None, answer: Answer) -> tuple[Verdict, str]:
    """What is to be done about a payment of this order, if there is one, and why."""
    if order is None:
        return _surplus(answer, known=True), "there is no such order"
    if order.under_way:
        return "under way", "its saga is at work"
    known = f"{answer.ref} {answer.outcome}" in order.heard
    if order.status in {"failed", "cancelled"}:
        return _surplus(answer, known=known), f"the order is {order.status}"
    if answer.ref != order.provider_ref:
        return _surplus(answer, known=known), f"the order is paid with {order.provider_ref or 'nothing'}"
    if (answer.outcome, answer.amount) == (order.payment, order.amount):
        return "agrees", f"the order is {order.status}"
    return "look at", f"the order is {order.status}, its payment {order.payment} ({order.amount})"


def _surplus(answer: Answer, *, known: bool) -> Verdict:
    if answer.outcome in {"authorised", "captured"}:
        return "give back"
    return "agrees" if known or answer.outcome == "declined" else "write down"


def _put_right(order: Row[Any] | None, answer: Answer, verdict: Verdict) -> Answer:
    after = _given_back(answer.ref) if verdict == "give back" else answer
    if order is not None and verdict in {"give back", "write down"} and after.outcome in {"voided", "refunded"}:
        its_own = order.provider_ref in {None, after.ref}
        with db.transaction(Tenant(company_id=order.company_id)):
            if its_own:
                payments.record(answers={order.id: after}, now=clock.now())
            else:
                payments.note_surplus(order_id=order.id, answer=after, now=clock.now())
    return after


def _given_back(ref: str) -> Answer:
    answer = gateway().void(ref=ref, key=f"reconcile:{ref}:void")
    return gateway().refund(ref=ref, key=f"reconcile:{ref}:refund") if answer.outcome == "captured" else answer
