"""Errors of prices."""

from kit.errors import NotFound, Stale


class PriceListNotFound(NotFound):
    """There is no such price list."""

    code = "price_list_not_found"


class PriceListChanged(Stale):
    """The price list has changed since you read it; read it again."""

    code = "price_list_changed"
