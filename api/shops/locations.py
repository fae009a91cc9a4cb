"""The places of a shop, and whether they are open."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from api.blueprint import Blueprint
from api.etags import etag, expected_versions
from api.openapi import IF_MATCH, IF_NONE_MATCH
from api.schemas import PageQuery, page, page_of
from api.shops.schemas import (
    LocationChangeSchema,
    LocationSchema,
    NewLocationSchema,
    OpeningQuery,
    OpeningSchema,
)
from api.tenant import at_shop
from domain.shops import locations, queries
from domain.shops.models import Location
from kit import clock

blueprint = Blueprint(
    "locations", __name__, url_prefix="/api/shops/<uuid:shop_id>/locations", description="Where shops are, and when"
)


@blueprint.post("")
@blueprint.arguments(NewLocationSchema)
@blueprint.response(201, LocationSchema)
@blueprint.alt_response(409, "Conflict")
def add_location(body: dict[str, Any], shop_id: UUID) -> tuple[Location, dict[str, str]]:
    """Add a location to a shop."""
    with at_shop(shop_id):
        company_id = queries.the_shop(shop_id=shop_id).company_id
        location = locations.add(company_id=company_id, shop_id=shop_id, **body)
    return location, {"Location": f"/api/shops/{shop_id}/locations/{location.id}", **etag(location.version)}


@blueprint.get("")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(LocationSchema))
def list_locations(query: dict[str, Any], shop_id: UUID) -> dict[str, Any]:
    """List a shop's locations, the oldest first."""
    with at_shop(shop_id):
        found = locations.locations(shop_id=shop_id, limit=query["limit"] + 1, after=query["after"])
    return page(found, query["limit"])


@blueprint.get("/<uuid:location_id>")
@blueprint.doc(parameters=[IF_NONE_MATCH])
@blueprint.response(200, LocationSchema)
def get_location(shop_id: UUID, location_id: UUID) -> tuple[Location, dict[str, str]]:
    """Show a location of a shop."""
    with at_shop(shop_id):
        location = locations.the_location(location_id=location_id, shop_id=shop_id)
    return location, etag(location.version)


@blueprint.get("/<uuid:location_id>/opening")
@blueprint.arguments(OpeningQuery, location="query")
@blueprint.response(200, OpeningSchema)
def get_opening(query: dict[str, Any], shop_id: UUID, location_id: UUID) -> dict[str, Any]:
    """Say whether a location is open, now or at another time, and when that changes."""
    at = query["at"] or clock.now()
    with at_shop(shop_id):
        location = locations.the_location(location_id=location_id, shop_id=shop_id)
    found = locations.opening_status(location, at=at)
    local_time = at.astimezone(ZoneInfo(location.time_zone)).isoformat(timespec="seconds")
    return {"state": found.state, "comment": found.comment, "local_time": local_time, "changes_at": found.changes_at}


@blueprint.patch("/<uuid:location_id>")
@blueprint.doc(parameters=[IF_MATCH])
@blueprint.arguments(LocationChangeSchema)
@blueprint.response(200, LocationSchema)
@blueprint.alt_response(412, "PreconditionFailed")
def change_location(body: dict[str, Any], shop_id: UUID, location_id: UUID) -> tuple[Location, dict[str, str]]:
    """Change a location of a shop: its address, its opening hours, the days on which they are other ones."""
    with at_shop(shop_id):
        location = locations.change(
            location_id=location_id, shop_id=shop_id, expected_versions=expected_versions(), **body
        )
    return location, etag(location.version)


@blueprint.delete("/<uuid:location_id>")
@blueprint.doc(parameters=[IF_MATCH])
@blueprint.response(204)
@blueprint.alt_response(412, "PreconditionFailed")
def remove_location(shop_id: UUID, location_id: UUID) -> None:
    """Remove a location of a shop."""
    with at_shop(shop_id):
        locations.remove(location_id=location_id, shop_id=shop_id, expected_versions=expected_versions())
