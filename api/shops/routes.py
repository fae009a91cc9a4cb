"""Create, list, show, change and close shops, and list their staff."""

from typing import Any
from uuid import UUID

from api.access.member_schemas import MemberSchema
from api.access.members import serialize
from api.auth.caller import current_caller
from api.auth.transactions import request_transaction, shop_transaction
from api.http.blueprint import Blueprint
from api.http.etags import WithHeaders, created, expected_versions, with_etag
from api.http.openapi import IF_MATCH_HEADER, IF_NONE_MATCH_HEADER
from api.http.schemas import PageQuery, page_of
from api.shops.schemas import NewShopSchema, ShopChangeSchema, ShopSchema
from domain.access import queries as access
from domain.shops import queries, shop_lifecycle
from domain.shops.models import Shop
from kit import clock
from kit.paging import Page

blueprint = Blueprint("shops", __name__, url_prefix="/api/shops", description="Shops")


@blueprint.post("")
@blueprint.requires("write_shops")
@blueprint.arguments(NewShopSchema)
@blueprint.response(201, ShopSchema)
@blueprint.alt_response(409, "Conflict")
def create_shop(body: dict[str, Any]) -> WithHeaders[Shop]:
    """Create a shop of your company."""
    with request_transaction() as caller:
        shop = shop_lifecycle.open_shop(company_id=caller.company_id, now=clock.now(), **body)
    return created(shop, f"/api/shops/{shop.id}")


@blueprint.get("")
@blueprint.requires("read_shops")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(ShopSchema))
def list_shops(query: dict[str, Any]) -> Page[Shop]:
    """List your company's shops, oldest first, including closed ones.

    Members who work in one shop see only that shop.
    """
    with request_transaction() as caller:
        return queries.shops(shop_id=caller.shop_id, **query)


@blueprint.get("/<uuid:shop_id>")
@blueprint.requires("view_shops")
@blueprint.doc(parameters=[IF_NONE_MATCH_HEADER])
@blueprint.response(200, ShopSchema)
def get_shop(shop_id: UUID) -> WithHeaders[Shop]:
    """Show a shop. Members see the shops of their company, customers see all shops."""
    with shop_transaction(shop_id):
        shop = queries.the_shop(shop_id=shop_id)
    return with_etag(shop)


@blueprint.patch("/<uuid:shop_id>")
@blueprint.requires("write_shops")
@blueprint.doc(parameters=[IF_MATCH_HEADER])
@blueprint.arguments(ShopChangeSchema)
@blueprint.response(200, ShopSchema)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(412, "PreconditionFailed")
def update_shop(body: dict[str, Any], shop_id: UUID) -> WithHeaders[Shop]:
    """Change a shop of your company."""
    with request_transaction() as caller:
        caller.restrict_to_shop(shop_id)
        shop = shop_lifecycle.change(shop_id=shop_id, expected_versions=expected_versions(), **body)
    return with_etag(shop)


@blueprint.delete("/<uuid:shop_id>")
@blueprint.requires("write_shops")
@blueprint.doc(parameters=[IF_MATCH_HEADER])
@blueprint.response(200, ShopSchema)
@blueprint.alt_response(412, "PreconditionFailed")
def close_shop(shop_id: UUID) -> WithHeaders[Shop]:
    """Close a shop of your company permanently.

    It stays visible, but sells nothing and no longer counts for your plan. Open orders continue.
    """
    with request_transaction() as caller:
        caller.restrict_to_shop(shop_id)
        shop = shop_lifecycle.close(shop_id=shop_id, now=clock.now(), expected_versions=expected_versions())
    return with_etag(shop)


@blueprint.get("/<uuid:shop_id>/staff")
@blueprint.requires("read_staff")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(MemberSchema))
def list_shop_staff(query: dict[str, Any], shop_id: UUID) -> Page[dict[str, Any]]:
    """List the members who work in this shop only, oldest first.

    Give roles with `/api/invitations`, and remove them with `/api/members`.
    """
    with shop_transaction(shop_id) as visible_shop_id:
        staff = access.members(company_id=current_caller().company_id, shop_id=visible_shop_id, **query)
    return staff.map(serialize)
