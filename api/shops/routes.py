"""Opening, finding, changing and closing shops, and who works there."""

from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.caller import current_caller
from api.etags import etag, expected_versions
from api.identity.members import shown
from api.identity.schemas import MemberSchema
from api.openapi import IF_MATCH, IF_NONE_MATCH
from api.schemas import PageQuery, page, page_of
from api.shops.schemas import NewShopSchema, ShopChangeSchema, ShopSchema
from api.tenant import acting, at_shop
from domain.identity import queries as identity
from domain.shops import operations, queries
from domain.shops.models import Shop
from kit import clock

blueprint = Blueprint("shops", __name__, url_prefix="/api/shops", description="Shops of a company")


@blueprint.post("")
@blueprint.arguments(NewShopSchema)
@blueprint.response(201, ShopSchema)
@blueprint.alt_response(409, "Conflict")
def open_shop(body: dict[str, Any]) -> tuple[Shop, dict[str, str]]:
    """Open a shop of your company."""
    with acting() as caller:
        shop = operations.open_shop(company_id=caller.company_id, **body)
    return shop, {"Location": f"/api/shops/{shop.id}", **etag(shop.version)}


@blueprint.get("")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(ShopSchema))
def list_shops(query: dict[str, Any]) -> dict[str, Any]:
    """List your company's shops, the oldest first, those that are closed as well.

    Whoever works in one shop sees that one.
    """
    with acting() as caller:
        shops = queries.shops(limit=query["limit"] + 1, after=query["after"], shop_id=caller.shop_id)
        return page(shops, query["limit"])


@blueprint.get("/<uuid:shop_id>")
@blueprint.doc(parameters=[IF_NONE_MATCH])
@blueprint.response(200, ShopSchema)
def get_shop(shop_id: UUID) -> tuple[Shop, dict[str, str]]:
    """Show a shop: one of your company's, or, to customers, any."""
    with at_shop(shop_id):
        shop = queries.the_shop(shop_id=shop_id)
    return shop, etag(shop.version)


@blueprint.patch("/<uuid:shop_id>")
@blueprint.doc(parameters=[IF_MATCH])
@blueprint.arguments(ShopChangeSchema)
@blueprint.response(200, ShopSchema)
@blueprint.alt_response(409, "Conflict")
@blueprint.alt_response(412, "PreconditionFailed")
def change_shop(body: dict[str, Any], shop_id: UUID) -> tuple[Shop, dict[str, str]]:
    """Change a shop of your company."""
    with acting() as caller:
        caller.narrow(shop_id)
        shop = operations.change(shop_id=shop_id, expected_versions=expected_versions(), **body)
    return shop, etag(shop.version)


@blueprint.delete("/<uuid:shop_id>")
@blueprint.doc(parameters=[IF_MATCH])
@blueprint.response(200, ShopSchema)
@blueprint.alt_response(412, "PreconditionFailed")
def close_shop(shop_id: UUID) -> tuple[Shop, dict[str, str]]:
    """Close a shop of your company for good.

    It can be seen, but sells no more, and no longer counts for your plan. Orders under way come to their end.
    """
    with acting() as caller:
        caller.narrow(shop_id)
        shop = operations.close(shop_id=shop_id, now=clock.now(), expected_versions=expected_versions())
    return shop, etag(shop.version)


@blueprint.get("/<uuid:shop_id>/staff")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(MemberSchema))
def list_staff(query: dict[str, Any], shop_id: UUID) -> dict[str, Any]:
    """List who works in this one shop, the oldest first.

    Roles are given with `/api/invitations` and taken away with `/api/members`.
    """
    with at_shop(shop_id) as kept_to:
        rows = identity.members(
            company_id=current_caller().company_id, shop_id=kept_to, limit=query["limit"] + 1, after=query["after"]
        )
    return page([shown(membership, user) for membership, user in rows], query["limit"])
