"""The locations of a shop and their opening hours."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from api.auth.transactions import shop_transaction
from api.http.blueprint import Blueprint
from api.http.etags import WithHeaders, created, expected_versions, with_etag
from api.http.openapi import IF_MATCH_HEADER, IF_NONE_MATCH_HEADER
from api.http.schemas import PageQuery, page_of
from api.shops.location_schemas import (
    LocationChangeSchema,
    LocationSchema,
    NewLocationSchema,
    OpeningQuery,
    OpeningStatusSchema,
)
from domain.shops import locations, queries
from domain.shops.models import Location
from kit import clock
from kit.paging import Page

blueprint = Blueprint(
    "locations", __name__, url_prefix="/api/shops/<uuid:shop_id>/locations", description="Locations of shops"
)


@blueprint.post("")
@blueprint.requires("write_locations")
@blueprint.arguments(NewLocationSchema)
@blueprint.response(201, LocationSchema)
@blueprint.alt_response(409, "Conflict")
def create_location(body: dict[str, Any], shop_id: UUID) -> WithHeaders[Location]:
    """Create a location of a shop."""
    with shop_transaction(shop_id):
        company_id = queries.the_shop(shop_id=shop_id).company_id
        location = locations.add(company_id=company_id, shop_id=shop_id, **body)
    return created(location, f"/api/shops/{shop_id}/locations/{location.id}")


@blueprint.get("")
@blueprint.requires("view_shops")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(LocationSchema))
def list_locations(query: dict[str, Any], shop_id: UUID) -> Page[Location]:
    """List a shop's locations, oldest first."""
    with shop_transaction(shop_id):
        return locations.locations(shop_id=shop_id, **query)


@blueprint.get("/<uuid:location_id>")
@blueprint.requires("view_shops")
@blueprint.doc(parameters=[IF_NONE_MATCH_HEADER])
@blueprint.response(200, LocationSchema)
def get_location(shop_id: UUID, location_id: UUID) -> WithHeaders[Location]:
    """Show a location of a shop."""
    with shop_transaction(shop_id):
        location = locations.the_location(location_id=location_id, shop_id=shop_id)
    return with_etag(location)


@blueprint.get("/<uuid:location_id>/opening")
@blueprint.requires("view_shops")
@blueprint.arguments(OpeningQuery, location="query")
@blueprint.response(200, OpeningStatusSchema)
def get_opening_status(query: dict[str, Any], shop_id: UUID, location_id: UUID) -> dict[str, Any]:
    """Show whether a location is open, now or at another time, and when it next opens or closes."""
    at = query["at"] or clock.now()
    with shop_transaction(shop_id):
        location = locations.the_location(location_id=location_id, shop_id=shop_id)
    opening = locations.opening_status(location, at=at)
    local_time = at.astimezone(ZoneInfo(location.time_zone)).isoformat(timespec="seconds")
    return {
        "state": opening.state,
        "comment": opening.comment,
        "local_time": local_time,
        "changes_at": opening.changes_at,
    }


@blueprint.patch("/<uuid:location_id>")
@blueprint.requires("write_locations")
@blueprint.doc(parameters=[IF_MATCH_HEADER])
@blueprint.arguments(LocationChangeSchema)
@blueprint.response(200, LocationSchema)
@blueprint.alt_response(412, "PreconditionFailed")
def update_location(body: dict[str, Any], shop_id: UUID, location_id: UUID) -> WithHeaders[Location]:
    """Change a location: its address, its opening hours and their exceptions."""
    with shop_transaction(shop_id):
        location = locations.change(
            location_id=location_id, shop_id=shop_id, expected_versions=expected_versions(), **body
        )
    return with_etag(location)


@blueprint.delete("/<uuid:location_id>")
@blueprint.requires("write_locations")
@blueprint.doc(parameters=[IF_MATCH_HEADER])
@blueprint.response(204)
@blueprint.alt_response(412, "PreconditionFailed")
def delete_location(shop_id: UUID, location_id: UUID) -> None:
    """Delete a location of a shop."""
    with shop_transaction(shop_id):
        locations.remove(location_id=location_id, shop_id=shop_id, expected_versions=expected_versions())
