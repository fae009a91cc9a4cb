"""Granting refunds, withdrawing them, and recording their execution."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update

from domain.companies import queries as companies
from domain.payments import order_state, payment_records
from domain.payments.errors import RefundNotFound, RefundNotGranted, SecondPersonRequired
from domain.payments.events import (
    REFUND_EXECUTED,
    REFUND_FAILED,
    REFUND_GRANTED,
    REFUND_WITHDRAWN,
    OrderRefund,
)
from domain.payments.gateway import Answer
from domain.payments.models import Payment, Refund, RefundLine, RefundPart
from domain.payments.refund_plan import RefundRequest, plan
from domain.sales import order_status
from domain.sales import queries as sales
from domain.sales.models import Order
from kit import db
from kit.messaging import events
from kit.messaging.events import Event
from kit.money import Money


def grant(*, order_id: UUID, request: RefundRequest, reason: str, by: UUID, now: datetime) -> Refund:
    """Grant a refund of an order of the current company. Money moves when it is executed.

    The amount counts as pending from now on. Raises OrderNotFound, RefundNotPossible and Invalid, see refund_plan.plan.
    """
    order_status.lock(order_id)
    order = sales.the_order(order_id=order_id)
    planned = plan(order, request, lock=True)
    refund = Refund(
        company_id=order.company_id, order_id=order_id, amount=planned.amount.amount, currency=order.currency,
        reason=reason, status="granted", granted_by=by, granted_at=now, version=1,
    )  # fmt: skip
    session = db.session()
    session.add(refund)
    session.flush()
    of_refund = {"refund_id": refund.id, "company_id": order.company_id}
    session.add_all(RefundPart(**of_refund, status="planned", **part._asdict()) for part in planned.parts)
    session.add_all(RefundLine(**of_refund, **line._asdict()) for line in planned.lines)
    session.flush()
    order_state.record(order_ids=[order_id], now=now)
    _announce(REFUND_GRANTED, refund)
    return refund


def withdraw(*, refund_id: UUID, now: datetime) -> Refund:
    """Withdraw a refund that is granted and not executed. Raises RefundNotFound and RefundNotGranted."""
    order_status.lock(the_refund(refund_id=refund_id).order_id)
    refund = _locked(refund_id)
    if refund.status != "granted":
        raise RefundNotGranted
    _set_status(refund, "withdrawn")
    parts = update(RefundPart).where(RefundPart.refund_id == refund_id).values(status="withdrawn")
    db.session().execute(parts)
    order_state.record(order_ids=[refund.order_id], now=now)
    _announce(REFUND_WITHDRAWN, refund)
    return refund


def begin_execution(*, refund_id: UUID, by: UUID, now: datetime) -> Refund:
    """Mark the refund as executing, in the transaction that starts its saga or queues it. The order is locked.

    Raises RefundNotFound, RefundNotGranted, and SecondPersonRequired if it is above the company's limit and `by` has
    granted it.
    """
    refund = _locked(refund_id)
    if refund.status != "granted":
        raise RefundNotGranted
    limit = companies.the_company(company_id=refund.company_id).refund_limit
    if limit is not None and refund.amount > limit and by == refund.granted_by:
        raise SecondPersonRequired
    refund.executed_by, refund.executed_at = by, now
    _set_status(refund, "executing")
    return refund


class PlannedPart(NamedTuple):
    """A part of a refund that is to be paid back: the payment, its id at the provider, and minor units."""

    payment_id: UUID
    provider_ref: str
    amount: int


class RefundToExecute(NamedTuple):
    """A refund that is executing, with those of its parts that are not decided."""

    refund: Refund
    parts: Sequence[PlannedPart]


def to_execute(*, refund_ids: Sequence[UUID]) -> dict[UUID, RefundToExecute]:
    """Return these refunds; raises RefundNotFound."""
    parts: dict[UUID, list[PlannedPart]] = {}
    session = db.session()
    planned = (
        select(RefundPart.refund_id, RefundPart.payment_id, Payment.provider_ref, RefundPart.amount)
        .join(Payment, Payment.id == RefundPart.payment_id)
        .where(RefundPart.refund_id.in_(refund_ids), RefundPart.status == "planned")
        .order_by(RefundPart.payment_id)
    )
    for refund_id, payment_id, ref, amount in session.execute(planned):
        parts.setdefault(refund_id, []).append(PlannedPart(payment_id, ref or "", amount))
    found = {
        refund.id: RefundToExecute(refund, parts.get(refund.id, ()))
        for refund in session.scalars(select(Refund).where(Refund.id.in_(refund_ids)))
    }
    if len(found) < len(refund_ids):
        raise RefundNotFound
    return found


def record_parts(refund: Refund, *, answers: Mapping[UUID, Answer], now: datetime) -> None:
    """Record the provider's answers for parts of a refund, by payment id: refunded, or refused with a code."""
    order_status.lock(refund.order_id)
    refunded = {payment_id: answer for payment_id, answer in answers.items() if answer.outcome == "refunded"}
    payment_records.record(answers=refunded, now=now)
    session = db.session()
    for payment_id, answer in answers.items():
        values = (
            {"status": "refunded", "provider_ref": answer.refunds[0].ref}
            if payment_id in refunded
            else {"status": "failed", "failure": answer.code or "not_refundable"}
        )
        part = (RefundPart.refund_id == refund.id) & (RefundPart.payment_id == payment_id)
        session.execute(update(RefundPart).where(part).values(**values))


def end_execution(*, refund_id: UUID, now: datetime) -> Refund:
    """Mark the refund as executed, or as failed if any of its parts has failed, once all are decided."""
    order_status.lock(the_refund(refund_id=refund_id).order_id)
    refund = _locked(refund_id)
    failed = RefundPart.refund_id == refund_id, RefundPart.status == "failed"
    has_failed = db.session().scalar(select(RefundPart.payment_id).where(*failed).limit(1)) is not None
    _set_status(refund, "failed" if has_failed else "executed")
    order_state.record(order_ids=[refund.order_id], now=now)
    _announce(REFUND_FAILED if has_failed else REFUND_EXECUTED, refund)
    return refund


def refunds_of(*, order_id: UUID) -> list[Refund]:
    """List the refunds of an order, the first one first."""
    return list(db.session().scalars(select(Refund).where(Refund.order_id == order_id).order_by(Refund.id)))


def the_refund(*, refund_id: UUID, shop_id: UUID | None = None) -> Refund:
    """Return a refund of the current company (of the shop's orders, if given); raises RefundNotFound."""
    query = select(Refund).where(Refund.id == refund_id)
    if shop_id is not None:
        query = query.join(Order, Order.id == Refund.order_id).where(Order.shop_id == shop_id)
    refund = db.session().scalar(query)
    if refund is None:
        raise RefundNotFound
    return refund


def _locked(refund_id: UUID) -> Refund:
    query = select(Refund).where(Refund.id == refund_id).with_for_update().execution_options(populate_existing=True)
    refund = db.session().scalar(query)
    if refund is None:
        raise RefundNotFound
    return refund


def _set_status(refund: Refund, status: str) -> None:
    refund.status, refund.version = status, refund.version + 1
    db.session().flush()


def _announce(event: Event[OrderRefund], refund: Refund) -> None:
    payload = OrderRefund(refund.order_id, refund.id, Money(refund.amount, refund.currency), refund.reason)
    events.publish_about(refund, event, payload)
