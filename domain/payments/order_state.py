"""The payment state of an order, from the sums of all its payments."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from domain.payments.balances import PaymentBalance, balances
from domain.payments.models import Refund
from domain.sales import order_status
from domain.sales.headline import PaymentState
from domain.sales.models import Order
from domain.sales.order_status import PaymentSums
from kit import db


def payment_state(*, total: int, granted: int, held: int, captured: int, refunded: int) -> PaymentState:
    """The state of the payments of an order whose amounts these are, in minor units.

    `granted` is what refunds have promised: the order needs so much less. `held` is authorised and not captured yet.
    """
    if refunded:
        return "refunded" if refunded >= captured else "partly_refunded"
    needed = max(0, total - granted)
    if captured:
        if captured >= needed:
            return "paid"
        return "authorised" if captured + held >= needed else "partly_paid"
    if held:
        return "authorised" if held >= needed else "partly_authorised"
    return "none"


def record(*, order_ids: Collection[UUID], now: datetime) -> list[Order]:
    """Record the payment state and the sums of these orders, in the transaction that changes their payments."""
    amounts = balances(order_ids=order_ids)
    granted = _granted(order_ids)
    totals = db.session().execute(select(Order.id, Order.total).where(Order.id.in_(order_ids)))
    sums = {id_: _sums(total, granted.get(id_, 0), amounts[id_]) for id_, total in totals}
    return order_status.record_payment_state(sums=sums, now=now)


def _granted(order_ids: Collection[UUID]) -> Mapping[UUID, int]:
    query = select(Refund.order_id, Refund.amount).where(
        Refund.order_id.in_(order_ids), Refund.status.in_(("granted", "executing", "executed"))
    )
    granted: dict[UUID, int] = {}
    for order_id, amount in db.session().execute(query):
        granted[order_id] = granted.get(order_id, 0) + amount
    return granted


def _sums(total: int, granted: int, payments: Sequence[PaymentBalance]) -> PaymentSums:
    captured, refunded = sum(each.captured for each in payments), sum(each.refunded for each in payments)
    held = sum(each.held for each in payments)
    state = payment_state(total=total, granted=granted, held=held, captured=captured, refunded=refunded)
    return PaymentSums(state, captured, refunded, disputed=any(each.disputed for each in payments))
