"""Opening and finding shops."""

from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.schemas import PageQuery, page, page_of
from api.shops.schemas import NewShopSchema, ShopSchema
from api.tenant import acting, at_shop
from domain.shops import operations, queries
from domain.shops.models import Shop

blueprint = Blueprint("shops", __name__, url_prefix="/api/shops", description="Shops of a company")


@blueprint.post("")
@blueprint.arguments(NewShopSchema)
@blueprint.response(201, ShopSchema)
@blueprint.alt_response(409, "Conflict")
def open_shop(body: dict[str, Any]) -> tuple[Shop, dict[str, str]]:
    """Open a shop of your company."""
    with acting() as caller:
        shop = operations.open_shop(company_id=caller.company_id, **body)
    return shop, {"Location": f"/api/shops/{shop.id}"}


@blueprint.get("")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(ShopSchema))
def list_shops(query: dict[str, Any]) -> dict[str, Any]:
    """List your company's shops, the oldest first.

    Whoever works in one shop sees that one.
    """
    with acting() as caller:
        shops = queries.shops(limit=query["limit"] + 1, after=query["after"], shop_id=caller.shop_id)
        return page(shops, query["limit"])


@blueprint.get("/<uuid:shop_id>")
@blueprint.response(200, ShopSchema)
def get_shop(shop_id: UUID) -> Shop:
    """Show a shop: one of your company's, or, to customers, any."""
    with at_shop(shop_id):
        return queries.the_shop(shop_id=shop_id)
