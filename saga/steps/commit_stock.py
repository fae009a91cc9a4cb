"""What was held becomes sold."""

from collections.abc import Sequence

from domain.inventory import operations as inventory
from saga.engine.declaration import Subject, batched_step
from saga.engine.retries import UNTIL_DONE


@batched_step(area="inventory", retries=UNTIL_DONE, irreversible="the money is taken: the sale stands")
def commit_stock(orders: Sequence[Subject]) -> None:
    """Take the held quantities off the shelves."""
    inventory.commit(order_ids=[order.id for order in orders], company_id=orders[0].company_id)
