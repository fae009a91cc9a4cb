"""Stock is held while the saga runs, and given back if it fails."""

from domain.inventory import operations as inventory
from domain.sales import queries as sales
from saga.engine.declaration import Subject, step


@step(area="inventory")
def reserve_stock(order: Subject) -> None:
    """Hold every line of the order so that nobody else can sell it."""
    wanted = sales.quantities(order_id=order.id)
    inventory.reserve(order_id=order.id, company_id=order.company_id, wanted=wanted)


@reserve_stock.undo
def release_stock(order: Subject) -> None:
    """Give the held quantities back; harmless when nothing was held."""
    inventory.release(order_id=order.id, company_id=order.company_id)
