"""Errors of shops and their locations."""

from kit.errors import Conflict, NotFound, Stale


class ShopNotFound(NotFound):
    """There is no such shop."""

    code = "shop_not_found"


class ShopNameTaken(Conflict):
    """Your company already has a shop with this name."""

    code = "shop_name_taken"


class ShopSlugTaken(Conflict):
    """Another shop has this slug."""

    code = "shop_slug_taken"


class ShopChanged(Stale):
    """The shop has changed since you read it; read it again."""

    code = "shop_changed"


class ShopClosed(Conflict):
    """The shop is closed permanently."""

    code = "shop_closed"


class LocationNotFound(NotFound):
    """The shop has no such location."""

    code = "location_not_found"


class LocationChanged(Stale):
    """The location has changed since you read it; read it again."""

    code = "location_changed"


class TooManyLocations(Conflict):
    """The shop has reached the maximum number of locations: remove one first."""

    code = "too_many_locations"
