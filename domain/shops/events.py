"""The events of the area shops. Addresses and opening hours of locations are read from the API."""

from dataclasses import dataclass
from uuid import UUID

from kit.messaging.events import Event


@dataclass(frozen=True, slots=True)
class ShopDetails:
    """A shop as it is now."""

    shop_id: UUID
    name: str
    version: int


@dataclass(frozen=True, slots=True)
class ShopUpdated(ShopDetails):
    """A shop as it is now, and the names of the fields that were changed."""

    changed: list[str]


@dataclass(frozen=True, slots=True)
class ShopLocation:
    """A location and its shop."""

    shop_id: UUID
    location_id: UUID


@dataclass(frozen=True, slots=True)
class LocationUpdated(ShopLocation):
    """A location, and the names of the fields that were changed."""

    changed: list[str]
    version: int


SHOP_CREATED = Event("shop.created", ShopDetails, "A shop was opened.")
SHOP_UPDATED = Event("shop.updated", ShopUpdated, "Fields of a shop were changed.")
SHOP_CLOSED = Event("shop.closed", ShopDetails, "A shop was closed permanently.")
LOCATION_CREATED = Event("shop.location_created", ShopLocation, "A location was added to a shop.")
LOCATION_UPDATED = Event("shop.location_updated", LocationUpdated, "Fields of a location of a shop were changed.")
LOCATION_DELETED = Event("shop.location_deleted", ShopLocation, "A location of a shop was deleted.")
