"""What the inventory refuses."""

from uuid import UUID

from kit.errors import Conflict, NotFound


class WarehouseNotFound(NotFound):
    """There is no such warehouse."""

    code = "warehouse_not_found"


class OutOfStock(Conflict):
    """There is not enough left to hold this order.

    How many there are is nothing for buyers, who read why their order failed.
    """

    code = "out_of_stock"

    def __init__(self, product_id: UUID) -> None:
        super().__init__("There is not enough left to hold this order.")
        self.product_id = product_id


class BelowReserved(Conflict):
    """More than that is held for orders just now."""

    code = "below_reserved"
