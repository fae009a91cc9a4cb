"""What was sold and not sent goes back on the shelf."""

from domain.inventory import operations as inventory
from saga.engine.declaration import Subject, step
from saga.engine.retries import UNTIL_DONE


@step(area="inventory", retries=UNTIL_DONE, irreversible="the goods are for sale again")
def take_back_stock(order: Subject) -> None:
    """Put the sold quantities back where they came from."""
    inventory.take_back(order_ids=[order.id], company_id=order.company_id)
