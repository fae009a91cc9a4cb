"""The members of a company and their roles."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row

from api.access.member_schemas import MemberSchema
from api.auth.caller import Caller
from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from api.http.schemas import PageQuery, page_of
from domain.access import memberships, queries
from domain.access.errors import ExceedsOwnPermissions
from domain.access.models import Membership
from domain.accounts.models import User
from domain.shops import queries as shops
from domain.shops.errors import ShopNotFound
from kit.errors import Invalid
from kit.paging import Page

blueprint = Blueprint("members", __name__, url_prefix="/api/members", description="The members of your company")


@blueprint.get("")
@blueprint.requires("read_members")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(MemberSchema))
def list_members(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List the members of your company, or of your shop if you work in one, with their roles, oldest first."""
    with request_transaction() as caller:
        members = queries.members(company_id=caller.company_id, shop_id=caller.shop_id, **query)
    return members.map(serialize)


@blueprint.delete("/<uuid:membership_id>")
@blueprint.requires("write_members")
@blueprint.response(204)
@blueprint.refuses(ExceedsOwnPermissions)
@blueprint.alt_response(409, "Conflict")
def remove_member(membership_id: UUID) -> None:
    """Remove a member's role in your company, or in your shop if you work in one.

    Their access tokens can no longer write, and expire within 15 minutes. The last admin cannot be removed.
    """
    with request_transaction() as caller:
        memberships.remove(membership_id=membership_id, company_id=caller.company_id, actor=caller.permission_set)


def require_own_shop(caller: Caller, shop_id: UUID | None) -> None:
    """Raise Invalid for a shop of another company, or one that the caller does not work in."""
    try:
        if shop_id is not None:
            caller.restrict_to_shop(shop_id)
            shops.the_shop(shop_id=shop_id)
    except ShopNotFound:
        raise Invalid(fields={"shop_id": ["You have no shop with this id."]}) from None


def serialize(member: Row[Membership, User]) -> dict[str, Any]:
    """The role with the user who has it."""
    membership, user = member
    fields = {name: getattr(membership, name) for name in ("id", "user_id", "role", "shop_id", "created_at")}
    return {**fields, "email": user.email, "name": user.name}
