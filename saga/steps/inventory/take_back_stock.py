"""Take back the stock of a cancelled order that was not shipped."""

from domain.inventory import operations as inventory
from saga.engine.retries import UNTIL_DONE
from saga.engine.step import Subject, step


@step(area="inventory", retries=UNTIL_DONE, irreversible="the stock is for sale again")
def take_back_stock(order: Subject) -> None:
    """Return the sold quantities to the stock that they came from."""
    inventory.take_back(order_ids=[order.id], company_id=order.company_id)
