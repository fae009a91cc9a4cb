"""Place an order: the definition of its saga, and the function that starts it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.payments import payment_records as payments
from domain.payments.declines import BelowDeclineLimits, PaymentSource
from domain.sales import order_outcomes, order_status
from domain.sales import placement as sales
from domain.sales.new_order import LineRequest, NewOrder, OrderOptions
from domain.sales.placement import WITHOUT_OPTIONS
from kit.db import Json
from saga.engine.definition import Ending, Saga, afterwards, then, together
from saga.engine.start import start
from saga.engine.state_machine import CANCELLED
from saga.inputs.sales import limited_payments, order_lines, order_payments, order_reservation
from saga.rules.started_versions import version_to_start
from saga.steps.inventory.commit_stock import commit_stock
from saga.steps.inventory.reserve_stock import reserve_stock
from saga.steps.notifications.email_customer import email_customer
from saga.steps.payments.authorise_payment import authorise_payment
from saga.steps.payments.capture_payment import capture_payment


def orders_paid(endings: Sequence[Ending]) -> None:
    """Mark the orders as paid."""
    orders = [ending.subject for ending in endings]
    order_outcomes.report_paid(order_status.mark_paid(order_ids=[order.id for order in orders], now=orders[0].now))


def orders_not_placed(endings: Sequence[Ending]) -> None:
    """Mark the orders as cancelled, where that was requested, or else as failed, with the reason."""
    now = endings[0].subject.now
    failures = {ending.subject.id: ending.failure or {} for ending in endings}
    cancelled = [order_id for order_id, failure in failures.items() if failure.get("code") == CANCELLED]
    if cancelled:
        orders = order_status.mark_cancelled(order_ids=cancelled, now=now)
        order_outcomes.report_cancelled(orders, when="before_payment")
    failed = {order_id: failure for order_id, failure in failures.items() if order_id not in cancelled}
    if failed:
        order_outcomes.report_failed(order_status.mark_failed(failures=failed, now=now), failed)


PLACE_ORDER = Saga(
    "place_order",
    together(reserve_stock.using(order_lines), authorise_payment.using(limited_payments)),
    then(capture_payment.using(order_payments), pivot=True),
    then(commit_stock.using(order_reservation)),
    afterwards(email_customer),
    when_done=orders_paid,
    when_undone=orders_not_placed,
    in_progress="This order is being placed",
)

_SAGA_TO_START = version_to_start(PLACE_ORDER)


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """A pending order, and the id of its saga."""

    order: NewOrder
    saga_id: UUID


def place_order(
    *,
    company_id: UUID,
    user_id: UUID,
    session_id: UUID | None = None,
    shop_id: UUID,
    lines: Sequence[LineRequest],
    discount_percent: int,
    shipping_address: Json,
    options: OrderOptions = WITHOUT_OPTIONS,
    payment_source: PaymentSource,
    now: datetime,
) -> PlacedOrder:
    """Write the pending order, its payment and its saga in the current transaction.

    The relay sends the saga's first messages once it has committed. The buyer is the current user, and `session_id`
    the session, if a person orders. Raises the errors of domain.sales.placement.place, and
    TooManyDeclines.
    """
    order = sales.place(
        company_id=company_id, user_id=user_id, session_id=session_id, shop_id=shop_id, lines=lines,
        discount_percent=discount_percent, shipping_address=shipping_address, options=options, now=now,
        precondition=BelowDeclineLimits(payment_source, user_id, company_id, now),
    )  # fmt: skip
    payments.create(
        payment_source, order_id=order.id, company_id=company_id, user_id=user_id, amount=order.total,
        currency=order.currency,
    )  # fmt: skip
    saga_id = start(
        _SAGA_TO_START,
        subject_id=order.id,
        company_id=company_id,
        now=now,
        tags={"shop_id": str(shop_id), "customer_id": str(order.customer_id)},
    )
    order_outcomes.report_placed(order, saga_id=saga_id)
    return PlacedOrder(order, saga_id)
