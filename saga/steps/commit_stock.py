"""What was held becomes sold."""

from domain.inventory import operations as inventory
from saga.engine.declaration import Subject, step
from saga.engine.retries import UNTIL_DONE


@step(area="inventory", retries=UNTIL_DONE, irreversible="the money is taken: the sale stands")
def commit_stock(order: Subject) -> None:
    """Take the held quantities off the shelves."""
    inventory.commit(order_id=order.id, company_id=order.company_id)
