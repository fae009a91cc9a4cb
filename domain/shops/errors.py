"""What shops refuse."""

from kit.errors import Conflict, NotFound


class ShopNotFound(NotFound):
    """There is no such shop."""

    code = "shop_not_found"


class ShopNameTaken(Conflict):
    """Your company has a shop of this name already."""

    code = "shop_name_taken"
