"""The inputs of steps in sagas about orders: each function loads one for many orders, with one statement."""

from collections.abc import Sequence
from uuid import UUID

from domain.payments import decline_limiter
from domain.payments import queries as payments
from domain.payments.decline_limiter import LimitedPayment
from domain.payments.queries import PaymentSummary
from domain.sales import queries as sales
from saga.engine.step_functions import Inputs, Subject
from saga.steps.inventory.reserve_stock import StockRequest


def order_lines(orders: Sequence[Subject]) -> Inputs[StockRequest]:
    """The products of each order, to be reserved for it from any of the company's warehouses."""
    products = sales.ordered_products(order_ids=[order.id for order in orders])
    return {order_id: StockRequest(order_id, of_order) for order_id, of_order in products.items()}


def order_payments(orders: Sequence[Subject]) -> Inputs[Sequence[PaymentSummary]]:
    """The payments of each order, the first one first."""
    return payments.the_payments(order_ids=[order.id for order in orders])


def limited_payments(orders: Sequence[Subject]) -> Inputs[Sequence[LimitedPayment]]:
    """The payments of each order, with the recent declines of its customer, card and network."""
    return decline_limiter.load_payments(order_ids=[order.id for order in orders], now=orders[0].now)


def order_reservation(orders: Sequence[Subject]) -> Inputs[UUID]:
    """The reference under which each order's stock is reserved: the order itself."""
    return {order.id: order.id for order in orders}
