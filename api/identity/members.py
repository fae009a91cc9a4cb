"""Who works in a company, and as what."""

from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.caller import Caller
from api.identity.schemas import MemberSchema
from api.schemas import PageQuery, page, page_of
from api.tenant import acting
from domain.identity import memberships, queries
from domain.identity.errors import InsufficientPrivileges
from domain.identity.models import Membership, User
from domain.shops import queries as shops
from domain.shops.errors import ShopNotFound
from kit.errors import Invalid

members = Blueprint("members", __name__, url_prefix="/api/members", description="Who works in your company")


@members.get("")
@members.arguments(PageQuery, location="query")
@members.response(200, page_of(MemberSchema))
def list_members(query: dict[str, Any]) -> dict[str, Any]:
    """List who holds which role in your company, or in your shop if you work in one, the oldest first."""
    with acting() as caller:
        rows = queries.members(
            company_id=caller.company_id, shop_id=caller.shop_id, limit=query["limit"] + 1, after=query["after"]
        )
    return page([shown(membership, user) for membership, user in rows], query["limit"])


@members.delete("/<uuid:membership_id>")
@members.response(204)
@members.refuses(InsufficientPrivileges)
@members.alt_response(409, "Conflict")
def remove_member(membership_id: UUID) -> None:
    """Take a role in your company, or in your shop if you work in one, away.

    Access tokens that are out there lapse within 15 minutes, and write nothing meanwhile. The last admin stays.
    """
    with acting() as caller:
        memberships.remove(membership_id=membership_id, company_id=caller.company_id, actor=caller.permission_set)


def refuse_unknown_shop(caller: Caller, shop_id: UUID | None) -> None:
    """Raise Invalid when a shop is named that the caller's company does not have, or they do not work in."""
    try:
        if shop_id is not None:
            caller.narrow(shop_id)
            shops.the_shop(shop_id=shop_id)
    except ShopNotFound:
        raise Invalid(fields={"shop_id": ["You have no such shop."]}) from None


def shown(membership: Membership, user: User) -> dict[str, Any]:
    """The role as members see it, and who holds it."""
    held = {name: getattr(membership, name) for name in ("id", "user_id", "role", "shop_id", "created_at")}
    return {**held, "email": user.email, "name": user.name}
