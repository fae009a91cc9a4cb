"""What the inventory refuses."""

from kit.errors import Conflict, NotFound


class WarehouseNotFound(NotFound):
    """There is no such warehouse."""

    code = "warehouse_not_found"


class OutOfStock(Conflict):
    """There is not enough left to hold this order."""

    code = "out_of_stock"


class BelowReserved(Conflict):
    """More than that is held for orders just now."""

    code = "below_reserved"
