"""Cancel an order: its placing saga compensates if it still can; otherwise a second saga refunds the paid order."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.sales import order_outcomes, order_status, queries
from domain.sales.errors import TransitionNotAllowed
from saga.engine import state_machine
from saga.engine.definition import Ending, Saga, then
from saga.engine.journal import FindDefinition, locked
from saga.engine.locked_saga import SagaRef
from saga.engine.start import start
from saga.order_inputs import order_payment, order_reservation
from saga.starts import starting
from saga.steps.inventory.take_back_stock import take_back_stock
from saga.steps.payments.refund_order import refund_order


def orders_cancelled(endings: Sequence[Ending]) -> None:
    """Mark the orders as cancelled."""
    orders = order_status.mark_cancelled(
        order_ids=[ending.subject.id for ending in endings], now=endings[0].subject.now
    )
    order_outcomes.report_cancelled(orders, reason="after_payment")


CANCEL_ORDER = Saga(
    "cancel_order",
    then(refund_order.using(order_payment)),
    then(take_back_stock.using(order_reservation)),
    when_done=orders_cancelled,
    when_undone=None,
)


def request_cancellation(ref: SagaRef, find: FindDefinition, *, reason: str, by: str) -> None:
    """Cancel the order that was placed by the saga `ref`.

    The request takes the saga's row lock, so it never interrupts a step. Up to the pivot the saga compensates; after
    it, the order is paid first and then refunded. A second request changes nothing. Raises TransitionNotAllowed when
    the order can no longer be cancelled.
    """
    with locked(ref, find) as saga:
        if saga.stop_requested:
            return
        order = queries.the_order(order_id=saga.subject_id)
        if order.status not in {"pending", "paid"} or saga.failure is not None:
            raise TransitionNotAllowed(f"this order cannot be cancelled: it is {order.status}")
        state_machine.request_stop(saga, reason=reason, by=by)
        if order.status == "paid":
            cancel_paid(order_id=order.id, company_id=ref.company_id, now=saga.now)


def cancel_paid(*, order_id: UUID, company_id: UUID, now: datetime) -> UUID:
    """Start the saga that refunds a paid order and takes its stock back; return the saga's id."""
    return start(starting(CANCEL_ORDER), subject_id=order_id, company_id=company_id, now=now)
