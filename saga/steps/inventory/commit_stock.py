"""Commit the reserved stock of a paid order: it is sold."""

from collections.abc import Sequence

from domain.inventory import operations as inventory
from saga.engine.retries import UNTIL_DONE
from saga.engine.step import Subject, batched_step


@batched_step(area="inventory", retries=UNTIL_DONE, irreversible="the payment is captured: the sale is final")
def commit_stock(orders: Sequence[Subject]) -> None:
    """Turn the reserved quantities of each order into sold ones."""
    inventory.commit(order_ids=[order.id for order in orders], company_id=orders[0].company_id)
