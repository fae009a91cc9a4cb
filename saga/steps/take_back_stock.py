"""Take back the stock of a cancelled order that was not shipped."""

from domain.inventory import operations as inventory
from saga.engine.definition import Subject, step
from saga.engine.retries import UNTIL_DONE


@step(area="inventory", retries=UNTIL_DONE, irreversible="the stock is for sale again")
def take_back_stock(order: Subject) -> None:
    """Return the sold quantities to the stock that they came from."""
    inventory.take_back(order_ids=[order.id], company_id=order.company_id)
