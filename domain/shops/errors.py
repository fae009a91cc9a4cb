"""What shops refuse."""

from kit.errors import Conflict, NotFound


class ShopNotFound(NotFound):
    """There is no such shop."""

    code = "shop_not_found"


class ShopNameTaken(Conflict):
    """Your company has a shop of this name already."""

    code = "shop_name_taken"


class ShopChanged(Conflict):
    """The shop has changed since you read it; read it again."""

    code = "shop_changed"


class ShopClosed(Conflict):
    """The shop is closed for good."""

    code = "shop_closed"


class LocationNotFound(NotFound):
    """The shop has no such location."""

    code = "location_not_found"


class LocationChanged(Conflict):
    """The location has changed since you read it; read it again."""

    code = "location_changed"


class TooManyLocations(Conflict):
    """The shop has as many locations as there may be: remove one first."""

    code = "too_many_locations"
