"""Orders that are paid, and refunds of them, without sagas and without the payment provider."""

from datetime import timedelta

from domain.payments import payment_records, refunds
from domain.payments.balances import balances
from domain.payments.declines import PaymentSource
from domain.payments.gateway import Answer
from domain.payments.models import Refund
from domain.payments.refund_plan import RefundRequest
from domain.sales import order_status
from domain.sales.placement import NewOrder
from kit import clock, db
from kit.ids import new_id
from kit.money import Money
from kit.tenancy import Tenant


def pay_order(order: NewOrder, *amounts: int) -> None:
    """Capture payments of these amounts, or the order's payment, one minute after the other, and place the order."""
    with db.transaction(Tenant(company_id=order.company_id)):
        existing = balances(order_ids=[order.id])[order.id]
        ids = [payment.id for payment in existing] or [_create(order, amount) for amount in amounts or (order.total,)]
        for minute, (payment_id, amount) in enumerate(zip(ids, amounts or (order.total,), strict=True)):
            now, ref = clock.now() + timedelta(minutes=minute), f"pi_{new_id().hex}"
            for outcome in ("authorised", "captured"):
                payment_records.record(answers={payment_id: Answer(outcome, ref, amount)}, now=now)
        order_status.mark_paid(order_ids=[order.id], now=clock.now())


def _create(order, amount):
    return payment_records.create(
        PaymentSource("pm_card_visa"), order_id=order.id, company_id=order.company_id, user_id=new_id(),
        amount=amount, currency=order.currency, is_first=False,
    )  # fmt: skip


def grant_refund(order: NewOrder, amount: int = 1, **request) -> Refund:
    """Grant a refund of an order that is paid."""
    wanted = RefundRequest(Money(amount, order.currency), **request)
    with db.transaction(Tenant(company_id=order.company_id)):
        return refunds.grant(order_id=order.id, request=wanted, reason="goodwill", by=new_id(), now=clock.now())
