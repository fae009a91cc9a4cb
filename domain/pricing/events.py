"""The events of the area pricing."""

from dataclasses import dataclass
from uuid import UUID

from kit.messaging.events import Event


@dataclass(frozen=True, slots=True)
class PriceListVersion:
    """A price list and its version."""

    price_list_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class PriceListUpdated(PriceListVersion):
    """A price list, and the names of the fields that were changed."""

    changed: list[str]


@dataclass(frozen=True, slots=True)
class ListPricesChanged(PriceListVersion):
    """A price list, and the variants whose prices in it were changed."""

    variant_ids: list[UUID]


PRICE_LIST_CREATED = Event("price_list.created", PriceListVersion, "A company has a new price list.")
PRICE_LIST_UPDATED = Event("price_list.updated", PriceListUpdated, "The name or the time of a price list was changed.")
LIST_PRICES_CHANGED = Event(
    "price_list.prices_changed", ListPricesChanged, "Prices of a price list were added, changed or removed."
)
