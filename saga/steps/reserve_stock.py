"""Stock is held while the saga runs, and given back if it fails."""

from collections.abc import Sequence

from domain.inventory import operations as inventory
from domain.sales import queries as sales
from saga.engine.declaration import Outcomes, Subject, batched_step
from saga.engine.errors import Refused


@batched_step(area="inventory")
def reserve_stock(orders: Sequence[Subject]) -> Outcomes:
    """Hold every line of each order so that nobody else can sell it."""
    wanted = sales.quantities(order_ids=[order.id for order in orders])
    refused = inventory.reserve(company_id=orders[0].company_id, wanted=wanted)
    return {order_id: Refused(reason.code, reason.message) for order_id, reason in refused.items()}


@reserve_stock.undo
def release_stock(order: Subject) -> None:
    """Give the held quantities back; harmless when nothing was held."""
    inventory.release(order_ids=[order.id], company_id=order.company_id)
