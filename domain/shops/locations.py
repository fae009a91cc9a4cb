"""The places of a shop, and when they are open."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import UUID

from sqlalchemy import func, select

from domain.shops import hours
from domain.shops.errors import LocationChanged, LocationNotFound, TooManyLocations
from domain.shops.hours import Opening
from domain.shops.models import Location
from domain.shops.queries import the_open_shop
from domain.shops.schedule import Schedule, Unreadable
from kit import changes, db
from kit.db import Json
from kit.errors import Invalid
from kit.paging import page

MOST = 100
"""Locations of one shop."""


class LocationChanges(TypedDict, total=False):
    """What may be changed of a place; the address is as orders have it, exceptions as Location has them."""

    name: str
    address: Json
    time_zone: str
    opening_hours: str | None
    exceptions: list[dict[str, Any]]
    offers_pickup: bool


def add(*, company_id: UUID, shop_id: UUID, **values: Unpack[LocationChanges]) -> Location:
    """Add a place to the current company's shop, with its name, address and time zone at least.

    Raises ShopNotFound, ShopClosed, TooManyLocations, Invalid for opening hours that cannot be read.
    """
    changes.refuse_undeclared(values, declared=LocationChanges)
    the_open_shop(shop_id=shop_id)
    session = db.session()
    if (session.scalar(select(func.count()).where(Location.shop_id == shop_id)) or 0) >= MOST:
        raise TooManyLocations
    location = Location(company_id=company_id, shop_id=shop_id, **values)
    session.add(location)
    session.flush()
    session.refresh(location)
    _refuse_unreadable(location)
    return location


def change(
    *,
    location_id: UUID,
    shop_id: UUID,
    expected_versions: Collection[int] | None = None,
    **values: Unpack[LocationChanges],
) -> Location:
    """Change what is given of a place of the shop.

    Raises LocationNotFound, LocationChanged when it is at none of the expected versions, Invalid.
    """
    location = _the_locked_location(location_id, shop_id, expected_versions)
    if changes.apply(location, values, declared=LocationChanges):
        location.version += 1
    _refuse_unreadable(location)
    return location


def remove(*, location_id: UUID, shop_id: UUID, expected_versions: Collection[int] | None = None) -> None:
    """Forget a place of the shop; raises LocationNotFound, LocationChanged."""
    db.session().delete(_the_locked_location(location_id, shop_id, expected_versions))


def the_location(*, location_id: UUID, shop_id: UUID) -> Location:
    """A place of the current company's shop; raises LocationNotFound."""
    location = db.session().get(Location, location_id)
    if location is None or location.shop_id != shop_id:
        raise LocationNotFound
    return location


def locations(*, shop_id: UUID, limit: int, after: UUID | None = None) -> list[Location]:
    """The places of the current company's shop, the oldest first, from behind `after`."""
    query = select(Location).where(Location.shop_id == shop_id)
    return list(db.session().scalars(page(query, Location.id, limit=limit, after=after)))


def opening_of(location: Location, *, at: datetime) -> Opening:
    """Whether the place is open at that moment; unknown where nobody has said, or nobody can read it."""
    if location.opening_hours is None:
        return Opening("unknown", "", None)
    try:
        return hours.opening(
            location.opening_hours, exceptions=location.exceptions, time_zone=location.time_zone,
            country=location.address["country"], at=at,
        )  # fmt: skip
    except Unreadable:  # taken before such hours were refused
        return Opening("unknown", "", None)


def _the_locked_location(location_id: UUID, shop_id: UUID, expected_versions: Collection[int] | None) -> Location:
    found = select(Location).where(Location.id == location_id, Location.shop_id == shop_id).with_for_update()
    location = db.session().scalar(found)
    if location is None:
        raise LocationNotFound
    if expected_versions is not None and location.version not in expected_versions:
        raise LocationChanged
    return location


def _refuse_unreadable(location: Location) -> None:
    """Exceptions take hours to be exceptions from, and all of it together must be readable."""
    if location.opening_hours is None:
        if location.exceptions:
            raise Invalid(fields={"opening_hours": ["Say when it is open on all other days."]})
        return
    try:
        Schedule(location.opening_hours)
    except Unreadable as refusal:
        raise Invalid(fields={"opening_hours": [f"{refusal}"]}) from None
    try:
        Schedule(location.opening_hours, exceptions=location.exceptions)
    except Unreadable:
        raise Invalid(fields={"exceptions": ["Hours of a day are such as 10:00-14:00, or null for closed."]}) from None
