"""Errors of the inventory."""

from uuid import UUID

from kit.errors import Conflict, NotFound


class WarehouseNotFound(NotFound):
    """There is no such warehouse."""

    code = "warehouse_not_found"


class OutOfStock(Conflict):
    """There is not enough stock for this order.

    The message leaves out the stock level, because buyers read it.
    """

    code = "out_of_stock"

    def __init__(self, product_id: UUID) -> None:
        super().__init__("There is not enough stock for this order.")
        self.product_id = product_id


class StockBelowReserved(Conflict):
    """The stock level cannot be lower than the units reserved for orders."""

    code = "stock_below_reserved"
