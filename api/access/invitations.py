"""Invitations to work in a company."""

from typing import Any
from uuid import UUID

from api.access.member_schemas import InvitationSchema, NewInvitationSchema
from api.access.members import require_own_shop
from api.accounts import account_mail
from api.auth.transactions import request_transaction
from api.http.blueprint import Blueprint
from api.http.schemas import PageQuery, page, page_of
from domain.access import invitations
from domain.access.errors import InsufficientPrivileges
from domain.access.models import Invitation
from domain.accounts import queries, throttle
from domain.accounts.throttle import INVITATIONS_PER_COMPANY, INVITATIONS_PER_SENDER, MAIL_REQUESTS
from domain.companies import queries as companies
from kit import clock
from kit.errors import TooManyRequests

blueprint = Blueprint("invitations", __name__, url_prefix="/api/invitations", description="Invitations of colleagues")


@blueprint.post("")
@blueprint.requires("write_members")
@blueprint.arguments(NewInvitationSchema)
@blueprint.response(201, InvitationSchema)
@blueprint.refuses(InsufficientPrivileges)
@blueprint.alt_response(429, "TooManyRequests")
def create_invitation(body: dict[str, Any]) -> Invitation:
    """Invite a person to a role in your company, or in one shop of it.

    The role cannot have more permissions than yours.
    This is the only way to give a person a role. A mail to the address contains a link to accept the invitation. It is
    valid once, for 7 days, for the user who has registered with this address by then. The response does not reveal
    whether there is such a user. You can send 20 invitations per hour, your company 50, and few to one address.
    """
    email, now = body["email"], clock.now()
    with request_transaction() as caller:
        require_own_shop(caller, body["shop_id"])
        sender = queries.the_user(user_id=caller.user_id)
        throttle.consume(INVITATIONS_PER_SENDER, sender.email, now=now)
        throttle.consume(INVITATIONS_PER_COMPANY, str(caller.company_id), now=now)
        wait = throttle.count_attempt(MAIL_REQUESTS, "invitation", email, now=now)
        if wait:
            raise TooManyRequests(wait=wait)
        company = companies.the_company(company_id=caller.company_id)
        invitation, token = invitations.invite(
            company_id=company.id, email=email, role=body["role"], shop_id=body["shop_id"], invited_by=caller.user_id,
            actor=caller.permission_set, now=now,
        )  # fmt: skip
        account_mail.send_invitation(invitation, token, company=company.name)
    return invitation


@blueprint.get("")
@blueprint.requires("read_members")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(InvitationSchema))
def list_invitations(query: dict[str, Any]) -> dict[str, Any]:
    """List the invitations of your company, or of your shop if you work in one, oldest first.

    The list includes accepted and expired invitations.
    """
    with request_transaction() as caller:
        rows = invitations.invitations(
            company_id=caller.company_id, shop_id=caller.shop_id, limit=query["limit"] + 1, after=query["after"]
        )
        return page(rows, query["limit"])


@blueprint.delete("/<uuid:invitation_id>")
@blueprint.requires("write_members")
@blueprint.response(204)
def revoke_invitation(invitation_id: UUID) -> None:
    """Revoke an open invitation, or delete an old one. If it was accepted, the member stays."""
    with request_transaction() as caller:
        invitations.withdraw(invitation_id=invitation_id, company_id=caller.company_id, shop_id=caller.shop_id)
