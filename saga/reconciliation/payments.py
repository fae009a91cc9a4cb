"""Compare the payment provider's payments with ours, and correct the differences, above all after a restore.

A payment that no order needs is refunded: its order is unknown, failed, cancelled, or paid with another payment.
Payments of orders that an open saga is changing are left to it. An order is written before anything is paid for it; so
an order that is unknown after the provider has listed its payment stays unknown.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text

from domain.payments import payment_records as payments
from domain.payments.gateway import Answer
from domain.payments.matching import paid_with
from domain.payments.stripe_gateway import gateway
from kit import clock, db
from kit.tenancy import Tenant

BATCH = 100

Verdict = Literal["matches", "in progress", "refund", "record", "review"]

_READ_PAYMENTS = text("""
    SELECT o.id, o.company_id, o.status, p.id AS payment_id, p.provider_ref, p.status AS payment, p.amount,
        o.status = 'pending' OR EXISTS (
            SELECT FROM sagas s
            WHERE (s.subject_id = o.id OR s.target_id = o.id) AND s.ended_at IS NULL AND s.state <> 'finishing'
        ) AS in_progress,
        array(
            SELECT each.ref || ' ' || e.type
            FROM payment_events e, unnest(ARRAY[e.provider_ref, p.provider_ref]) AS each (ref) WHERE e.payment_id = p.id
        ) AS recorded
    FROM orders o JOIN payments p ON p.order_id = o.id WHERE o.id = ANY(:orders) ORDER BY p.id""")


@dataclass(frozen=True, slots=True)
class ComparedPayment:
    """A payment of the provider, the verdict on it, and the reason of the verdict.

    `corrected` is the payment after the correction; it equals `answer` in a dry run.
    """

    order_id: UUID
    answer: Answer
    verdict: Verdict
    reason: str
    corrected: Answer


def reconcile(*, since: datetime, dry_run: bool = False) -> Iterator[ComparedPayment]:
    """Compare the payments made `since` then, the newest first, and correct them; `dry_run` only compares.

    Can be run at any time, and repeated. Raises ProviderUnavailable; corrections made until then are kept.
    """
    made = gateway().every_payment(since=since)
    while batch := list(islice(made, BATCH)):
        payments_of: dict[UUID, list[Row[Any]]] = {}
        with db.operator_transaction():
            for row in db.session().execute(_READ_PAYMENTS, {"orders": [order_id for order_id, _ in batch]}):
                payments_of.setdefault(row.id, []).append(row)
        for order_id, answer in batch:
            order = paid_with(answer, payments_of.get(order_id, ()))
            verdict, reason = judge(order, answer)
            corrected = answer if dry_run else _correct(order, answer, verdict)
            yield ComparedPayment(order_id, answer, verdict, reason, corrected)


def judge(order: Row[Any] | None, answer: Answer) -> tuple[Verdict, str]:
    """Return what to do about a payment, and the reason.

    `order` is the payment of its order with the order's columns, or None if the order is unknown.
    """
    if order is None:
        return _verdict_if_unneeded(answer, recorded=True), "there is no such order"
    if order.in_progress:
        return "in progress", "its saga has not ended"
    recorded = f"{answer.ref} {answer.outcome}" in order.recorded
    if order.status in {"failed", "cancelled"}:
        return _verdict_if_unneeded(answer, recorded=recorded), f"the order is {order.status}"
    if answer.ref != order.provider_ref:
        return _verdict_if_unneeded(
            answer, recorded=recorded
        ), f"the order is paid with {order.provider_ref or 'nothing'}"
    if (answer.outcome, answer.amount) == (order.payment, order.amount):
        return "matches", f"the order is {order.status}"
    return "review", f"the order is {order.status}, its payment {order.payment} ({order.amount})"


def _verdict_if_unneeded(answer: Answer, *, recorded: bool) -> Verdict:
    """The verdict on a payment that no order needs."""
    if answer.outcome in {"authorised", "captured"}:
        return "refund"
    return "matches" if recorded or answer.outcome == "declined" else "record"


def _correct(order: Row[Any] | None, answer: Answer, verdict: Verdict) -> Answer:
    after = answer
    if verdict == "refund":
        after = _void_or_refund(answer.ref)
    elif verdict == "record" and answer.outcome == "refunded":
        after = gateway().look_up(ref=answer.ref)  # with its refunds, some of which may be recorded
    if order is not None and verdict in {"refund", "record"} and after.outcome in {"voided", "refunded"}:
        is_orders_payment = order.provider_ref in {None, after.ref}
        with db.transaction(Tenant(company_id=order.company_id)):
            if is_orders_payment:
                payments.record(answers={order.payment_id: after}, now=clock.now())
            else:
                payments.record_duplicate_payment(payment_id=order.payment_id, answer=after, now=clock.now())
    return after


def _void_or_refund(ref: str) -> Answer:
    answer = gateway().void(ref=ref, key=f"reconcile:{ref}:void")
    return gateway().refund(ref=ref, key=f"reconcile:{ref}:refund") if answer.outcome == "captured" else answer
