"""What the inventory refuses."""

from kit.errors import Conflict


class OutOfStock(Conflict):
    """There is not enough left to hold this order."""

    code = "out_of_stock"


class BelowReserved(Conflict):
    """More than that is held for orders just now."""

    code = "below_reserved"
