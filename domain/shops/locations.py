"""The locations of a shop and their opening hours."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import func, select

from domain.shops import hours
from domain.shops.errors import LocationChanged, LocationNotFound, TooManyLocations
from domain.shops.events import (
    LOCATION_CREATED,
    LOCATION_DELETED,
    LOCATION_UPDATED,
    LocationUpdated,
    ShopLocation,
)
from domain.shops.hours import OpeningStatus
from domain.shops.models import Location
from domain.shops.opening_hours import InvalidOpeningHours, OpeningHours
from domain.shops.queries import the_open_shop
from kit import changes, db
from kit.changes import ChangedColumns
from kit.db import Json
from kit.errors import Invalid
from kit.messaging import events
from kit.paging import Page, page
from kit.versions import the_locked

MAX_PER_SHOP = 100
"""The maximum number of locations of one shop."""


class LocationChanges(TypedDict, total=False):
    """What can be changed of a location. Addresses have the format of an order's, exceptions that of Location."""

    name: str
    address: Json
    time_zone: str
    opening_hours: str | None
    exceptions: list[dict[str, Any]]
    offers_pickup: bool


def add(*, company_id: UUID, shop_id: UUID, **values: Unpack[LocationChanges]) -> Location:
    """Add a location to a shop of the current company. Name, address and time zone are required.

    Raises ShopNotFound, ShopClosed, TooManyLocations, and Invalid for opening hours that cannot be parsed.
    """
    changes.refuse_undeclared(values, declared=LocationChanges)
    the_open_shop(shop_id=shop_id)
    session = db.session()
    if (session.scalar(select(func.count()).where(Location.shop_id == shop_id)) or 0) >= MAX_PER_SHOP:
        raise TooManyLocations
    location = Location(company_id=company_id, shop_id=shop_id, **values)
    session.add(location)
    session.flush()
    session.refresh(location)
    _validate_hours(location)
    events.publish(LOCATION_CREATED, ShopLocation(shop_id, location.id), subject=shop_id, company_id=company_id)
    return location


def change(
    *,
    location_id: UUID,
    shop_id: UUID,
    expected_versions: Collection[int] | None = None,
    **values: Unpack[LocationChanges],
) -> Location:
    """Change the given fields of a location.

    Raises LocationNotFound, LocationChanged if the location has none of the expected versions, Invalid.
    """
    location = _the_locked_location(location_id, shop_id, expected_versions)
    changes.apply_and_announce(
        location, values, declared=LocationChanges, event=LOCATION_UPDATED, payload=_update_payload,
        subject=shop_id, company_id=location.company_id,
    )  # fmt: skip
    _validate_hours(location)
    return location


def remove(*, location_id: UUID, shop_id: UUID, expected_versions: Collection[int] | None = None) -> None:
    """Delete a location; raises LocationNotFound, LocationChanged."""
    location = _the_locked_location(location_id, shop_id, expected_versions)
    db.session().delete(location)
    events.publish(
        LOCATION_DELETED, ShopLocation(shop_id, location_id), subject=shop_id, company_id=location.company_id
    )


def the_location(*, location_id: UUID, shop_id: UUID) -> Location:
    """Return a location of the current company's shop; raises LocationNotFound."""
    location = db.session().get(Location, location_id)
    if location is None or location.shop_id != shop_id:
        raise LocationNotFound
    return location


def locations(*, shop_id: UUID, limit: int, after: UUID | None = None) -> Page[Location]:
    """List the locations of the current company's shop, the oldest first, after the one with the id `after`."""
    query = select(Location).where(Location.shop_id == shop_id)
    return page(query, Location.id, limit=limit, after=after)


def opening_status(location: Location, *, at: datetime) -> OpeningStatus:
    """Return whether the location is open at a moment; unknown without opening hours that can be parsed."""
    if location.opening_hours is None:
        return OpeningStatus("unknown", "", None)
    try:
        return hours.opening_status(
            location.opening_hours, exceptions=location.exceptions, time_zone=location.time_zone,
            country=location.address["country"], at=at,
        )  # fmt: skip
    except InvalidOpeningHours:  # stored before opening hours were validated
        return OpeningStatus("unknown", "", None)


def _the_locked_location(location_id: UUID, shop_id: UUID, expected_versions: Collection[int] | None) -> Location:
    query = select(Location).where(Location.id == location_id, Location.shop_id == shop_id)
    return the_locked(query, expected_versions, missing=LocationNotFound, stale=LocationChanged)


def _update_payload(location: Location, changed: ChangedColumns) -> LocationUpdated:
    return LocationUpdated(location.shop_id, location.id, changed=changed.names, version=location.version)


def _validate_hours(location: Location) -> None:
    """Raise Invalid for hours or exceptions that cannot be parsed, and for exceptions without opening hours."""
    if location.opening_hours is None:
        if location.exceptions:
            raise Invalid(
                fields={"opening_hours": ["Opening hours are required with exceptions: give those of all other days."]}
            )
        return
    try:
        OpeningHours(location.opening_hours)
    except InvalidOpeningHours as error:
        raise Invalid(fields={"opening_hours": [f"{error}"]}) from None
    try:
        OpeningHours(location.opening_hours, exceptions=location.exceptions)
    except InvalidOpeningHours:
        raise Invalid(
            fields={"exceptions": ["Give the hours of a day as in 10:00-14:00, or null for closed."]}
        ) from None
