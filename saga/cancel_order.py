"""Cancel an order: its placing saga compensates if it still can; otherwise a second saga refunds the paid order."""

from collections.abc import Sequence
from uuid import UUID

from domain.sales import order_outcomes, order_status, queries
from domain.sales.errors import TransitionNotAllowed
from saga.engine import state_machine
from saga.engine.definition import Ending, Saga, then
from saga.engine.locked_saga import SagaRef
from saga.engine.targets import locked_target
from saga.engine.versions import FindDefinition
from saga.inputs.sales import order_payments, order_reservation
from saga.rules.conflicts import RULES
from saga.rules.started_versions import version_to_start
from saga.steps.inventory.take_back_stock import take_back_stock
from saga.steps.payments.refund_order import refund_order


def orders_cancelled(endings: Sequence[Ending]) -> None:
    """Mark the orders as cancelled."""
    orders = order_status.mark_cancelled(
        order_ids=[ending.subject.id for ending in endings], now=endings[0].subject.now
    )
    order_outcomes.report_cancelled(orders, when="after_payment")


CANCEL_ORDER = Saga(
    "cancel_order",
    then(refund_order.using(order_payments)),
    then(take_back_stock.using(order_reservation)),
    when_done=orders_cancelled,
    when_undone=None,
    in_progress="This order is being cancelled",
)

_SAGA_TO_START = version_to_start(CANCEL_ORDER)


def request_cancellation(order_id: UUID, ref: SagaRef, find: FindDefinition, *, reason: str, by: str) -> None:
    """Cancel the order, which was placed by the saga `ref`.

    Up to its pivot that saga compensates; after it, the order is paid first and then refunded. A second request changes
    nothing. Raises TransitionNotAllowed when the order can no longer be cancelled, and TargetBusy while another saga
    about it is open.
    """
    request = {"reason": reason, "by": by}
    with locked_target(order_id, order_status.lock, find, company_id=ref.company_id, also=[ref]) as target:
        placing = target.saga(ref)
        if placing.stop_requested:
            return
        order = queries.the_order(order_id=order_id)
        if order.status not in {"pending", "paid"} or placing.failure is not None:
            raise TransitionNotAllowed(f"this order cannot be cancelled: it is {order.status}")
        target.apply(_SAGA_TO_START, RULES, subject_id=order_id, request=request, now=placing.now)
        if not placing.stop_requested:  # it has ended: the record makes a second request do nothing
            state_machine.request_stop(placing, **request)
