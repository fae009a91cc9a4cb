"""Reserve the stock of an order; release it when the saga is undone."""

from collections.abc import Sequence
from uuid import UUID

from domain.inventory import operations as inventory
from domain.sales import queries as sales
from domain.sales.errors import not_enough
from domain.sales.models import OrderLine
from saga.engine.errors import Refused
from saga.engine.step import Outcomes, Subject, batched_step


@batched_step(area="inventory")
def reserve_stock(orders: Sequence[Subject]) -> Outcomes:
    """Reserve the quantity of every line of each order."""
    quantities = sales.quantities(order_ids=[order.id for order in orders])
    refused = inventory.reserve(company_id=orders[0].company_id, quantities=quantities)
    lines = sales.lines_of(order_ids=refused) if refused else {}
    return {
        order_id: Refused(refusal.code, _not_enough(refusal.product_id, lines[order_id]))
        for order_id, refusal in refused.items()
    }


def _not_enough(product_id: UUID, lines: Sequence[OrderLine]) -> str:
    line = next(line for line in lines if line.product_id == product_id)
    return not_enough(name=line.name, sku=line.sku)


@reserve_stock.batched_undo
def release_stock(orders: Sequence[Subject]) -> None:
    """Release the reserved quantities. Does nothing where none was reserved."""
    inventory.release(order_ids=[order.id for order in orders], company_id=orders[0].company_id)
