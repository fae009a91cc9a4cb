"""Refund a payment: a saga about a granted refund, which executes it. Its target is the order."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.payments import refunds
from domain.sales import order_status
from saga.engine.definition import Ending, Saga, then
from saga.engine.targets import locked_target
from saga.engine.versions import FindDefinition
from saga.inputs.payments import refund_parts
from saga.rules.conflicts import RULES
from saga.rules.started_versions import version_to_start
from saga.steps.payments.execute_refund import execute_refund


def refunds_ended(endings: Sequence[Ending]) -> None:
    """Mark the refunds as executed, or as failed where the provider has refused a part."""
    for ending in endings:
        refunds.end_execution(refund_id=ending.subject.id, now=ending.subject.now)


REFUND_PAYMENT = Saga(
    "refund_payment",
    then(execute_refund.using(refund_parts)),
    when_done=refunds_ended,
    when_undone=None,
    in_progress="A refund of this order is being paid",
)

_SAGA_TO_START = version_to_start(REFUND_PAYMENT)


def request_execution(
    order_id: UUID, refund_id: UUID, find: FindDefinition, *, company_id: UUID, by: UUID, now: datetime
) -> None:
    """Start to execute the refund of this order, or queue it while another refund of the order is being executed.

    Raises RefundNotFound, RefundNotGranted, SecondPersonRequired, and TargetBusy while another saga changes the order.
    """
    with locked_target(order_id, order_status.lock, find, company_id=company_id) as target:
        refund = refunds.begin_execution(refund_id=refund_id, by=by, now=now)
        request = {"reason": refund.reason, "by": str(by)}
        target.apply(_SAGA_TO_START, RULES, subject_id=refund_id, request=request, now=now)
