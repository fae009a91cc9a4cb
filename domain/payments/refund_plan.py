"""What a refund would pay back: how much, for which units, and to which payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select

from domain.payments.balances import PaymentBalance, balances
from domain.payments.errors import RefundNotPossible
from domain.payments.models import Refund, RefundLine
from domain.pricing import discounts
from domain.sales import queries as sales
from domain.sales.models import Order
from kit import db
from kit.charge_limits import charge_limits
from kit.errors import Invalid
from kit.money import Money


class UnitsToRefund(NamedTuple):
    """A number of units of this order line."""

    line_id: UUID
    quantity: int


class PartToRefund(NamedTuple):
    """An amount, in minor units, to go back to this payment."""

    payment_id: UUID
    amount: int


class RefundedUnits(NamedTuple):
    """Units of an order line, and their share of what the line cost after discounts, in minor units."""

    line_id: UUID
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """What to refund: an amount, or units of lines, or without either all that can be refunded.

    `parts` chooses the payments; otherwise the last captured one is refunded first.
    """

    amount: Money | None = None
    lines: Sequence[UnitsToRefund] = ()
    parts: Sequence[PartToRefund] = ()


@dataclass(frozen=True, slots=True)
class RefundPlan:
    """A refund as it can be granted now. `refundable` is the most that the order's payments allow."""

    amount: Money
    refundable: Money
    lines: Sequence[RefundedUnits]
    parts: Sequence[PartToRefund]
    payments: Sequence[PaymentBalance]


def plan(order: Order, request: RefundRequest, *, lock: bool = False) -> RefundPlan:
    """Plan the refund; with `lock` the payments are locked, so that the plan can be carried out.

    Raises RefundNotPossible for an order that is not placed or has nothing to refund, and Invalid by field for what
    does not fit: `amount`, `lines.0.quantity`, `payments.0.amount`.
    """
    payments = balances(order_ids=[order.id], lock=lock)[order.id]
    refundable = Money(sum(each.refundable for each in payments), order.currency)
    if order.state not in {"placed", "closed"}:
        raise RefundNotPossible(f"This order is {order.status}: only what was paid for a placed order can be refunded.")
    if not refundable.amount:
        raise RefundNotPossible("Nothing of this order is left to refund.")
    lines = _shares(order, request.lines)
    field = "lines" if request.lines else "amount"
    amount = Money(sum(each.amount for each in lines), order.currency) if lines else request.amount or refundable
    _validate(amount, refundable, field)
    parts = request.parts or _newest_first(amount, payments)
    if request.parts:
        _validate_parts(amount, request.parts, payments)
    return RefundPlan(amount, refundable, lines, parts, payments)


def _validate(amount: Money, refundable: Money, field: str) -> None:
    if amount.currency != refundable.currency:
        raise Invalid(fields={"amount.currency": [f"This order is in {refundable.currency}."]})
    if amount.amount <= 0:
        raise Invalid(fields={field: ["The amount must be more than 0."]})
    if amount.amount > refundable.amount:
        raise Invalid(fields={field: [f"At most {refundable} can be refunded, not {amount}."]})
    step = charge_limits(amount.currency).step
    if amount.amount % step:
        raise Invalid(fields={field: [f"Only multiples of {Money(step, amount.currency)} can be refunded."]})


def _newest_first(amount: Money, payments: Sequence[PaymentBalance]) -> list[PartToRefund]:
    left, parts = amount.amount, []
    captured = [each for each in payments if each.captured_at]
    for payment in sorted(captured, key=lambda each: (each.captured_at, each.id), reverse=True):
        part = min(left, payment.refundable)
        if part:
            parts.append(PartToRefund(payment.id, part))
            left -= part
    return parts


def _validate_parts(amount: Money, parts: Sequence[PartToRefund], payments: Sequence[PaymentBalance]) -> None:
    refundable = {each.id: each.refundable for each in payments}
    for place, part in enumerate(parts):
        if part.payment_id not in refundable or part.payment_id in {each.payment_id for each in parts[:place]}:
            raise Invalid(fields={f"payments.{place}.payment_id": ["Name each payment of this order once."]})
        if not 0 < part.amount <= refundable[part.payment_id]:
            most = Money(refundable[part.payment_id], amount.currency)
            raise Invalid(fields={f"payments.{place}.amount": [f"Between 0 and {most} can go back to this payment."]})
    total = Money(sum(part.amount for part in parts), amount.currency)
    if total != amount:
        raise Invalid(fields={"payments": [f"The amounts add up to {total}, and the refund is {amount}."]})


def _shares(order: Order, requested: Sequence[UnitsToRefund]) -> list[RefundedUnits]:
    """The units, with their cumulative share of the line after discounts: the shares of all units sum to the line."""
    if not requested:
        return []
    lines = {line.id: line for line in sales.lines_of(order_ids=[order.id])[order.id]}
    totals = [Money(line.unit_price, order.currency) * line.quantity for line in lines.values()]
    discount = Money(min(order.discounts, order.subtotal), order.currency)
    paid = {
        line_id: total - cut
        for line_id, total, cut in zip(lines, totals, discounts.apportion(discount, totals), strict=True)
    }
    before = _refunded_units(order.id)
    shares: list[RefundedUnits] = []
    for place, (line_id, quantity) in enumerate(requested):
        if line_id not in lines or line_id in {each.line_id for each in shares}:
            raise Invalid(fields={f"lines.{place}.line_id": ["Name each line of this order once."]})
        done, of_line = before.get(line_id, 0), lines[line_id].quantity
        if not 0 < quantity <= of_line - done:
            message = f"{of_line - done} units of this line are not refunded yet."
            raise Invalid(fields={f"lines.{place}.quantity": [message]})
        share = paid[line_id].share_of_units(range(done, done + quantity), of_line)
        shares.append(RefundedUnits(line_id, quantity, share.amount))
    return shares


def _refunded_units(order_id: UUID) -> dict[UUID, int]:
    query = (
        select(RefundLine.line_id, func.sum(RefundLine.quantity))
        .join(Refund, Refund.id == RefundLine.refund_id)
        .where(Refund.order_id == order_id, Refund.status.in_(("granted", "executing", "executed")))
        .group_by(RefundLine.line_id)
    )
    return {line_id: int(quantity) for line_id, quantity in db.session().execute(query)}
