"""Invitations to work in a company."""

from typing import Any
from uuid import UUID

from api.access.member_schemas import InvitationSchema, NewInvitationSchema
from api.access.members import require_own_shop
from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from api.http.schemas import PageQuery, page_of
from domain.access import invitations
from domain.access.errors import ExceedsOwnPermissions
from domain.access.invite_member import invite_member
from domain.access.models import Invitation
from kit import clock
from kit.paging import Page

blueprint = Blueprint("invitations", __name__, url_prefix="/api/invitations", description="Invitations of colleagues")


@blueprint.post("")
@blueprint.requires("write_members")
@blueprint.arguments(NewInvitationSchema)
@blueprint.response(201, InvitationSchema)
@blueprint.refuses(ExceedsOwnPermissions)
@blueprint.alt_response(429, "TooManyRequests")
def create_invitation(body: dict[str, Any]) -> Invitation:
    """Invite a person to a role in your company, or in one shop of it.

    The role cannot have more permissions than yours.
    This is the only way to give a person a role. A mail to the address contains a link to accept the invitation. It is
    valid once, for 7 days, for the user who has registered with this address by then. The response does not reveal
    whether there is such a user. You can send 20 invitations per hour, your company 50, and few to one address.
    """
    with request_transaction() as caller:
        require_own_shop(caller, body["shop_id"])
        return invite_member(
            company_id=caller.company_id, invited_by=caller.user_id, actor=caller.permission_set,
            email=body["email"], role=body["role"], shop_id=body["shop_id"], now=clock.now(),
        )  # fmt: skip


@blueprint.get("")
@blueprint.requires("read_members")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(InvitationSchema))
def list_invitations(query: dict[str, Any]) -> Page[Invitation]:
    """List the invitations of your company, or of your shop if you work in one, oldest first.

    The list includes accepted and expired invitations.
    """
    with request_transaction() as caller:
        return invitations.invitations(company_id=caller.company_id, shop_id=caller.shop_id, **query)


@blueprint.delete("/<uuid:invitation_id>")
@blueprint.requires("write_members")
@blueprint.response(204)
def revoke_invitation(invitation_id: UUID) -> None:
    """Revoke an open invitation, or delete an old one. If it was accepted, the member stays."""
    with request_transaction() as caller:
        invitations.withdraw(invitation_id=invitation_id, company_id=caller.company_id, shop_id=caller.shop_id)
