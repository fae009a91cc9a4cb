"""Inviting people to work in a company."""

from typing import Any
from uuid import UUID

from api.blueprint import Blueprint
from api.identity import letters
from api.identity.members import refuse_unknown_shop
from api.identity.schemas import InvitationSchema, NewInvitationSchema
from api.schemas import PageQuery, page, page_of
from api.tenant import acting
from domain.companies import queries as companies
from domain.identity import invitations, queries, throttle
from domain.identity.errors import InsufficientPrivileges
from domain.identity.models import Invitation
from domain.identity.throttle import INVITATIONS_PER_COMPANY, INVITATIONS_PER_SENDER, MAIL_REQUESTS
from kit import clock
from kit.errors import TooManyRequests

blueprint = Blueprint("invitations", __name__, url_prefix="/api/invitations", description="Inviting colleagues")


@blueprint.post("")
@blueprint.arguments(NewInvitationSchema)
@blueprint.response(201, InvitationSchema)
@blueprint.refuses(InsufficientPrivileges)
@blueprint.alt_response(429, "TooManyRequests")
def invite(body: dict[str, Any]) -> Invitation:
    """Invite somebody to a role in your company, or in one shop of it, that allows no more than your own.

    This is the only way to give somebody a role. A mail to the address holds a link to accept it by. It is good for 7
    days, once, and for the user who has registered with this address by then. The answer does not say whether there is
    such a user. You may send 20 invitations an hour, and your company 50; few of them to one address.
    """
    email, now = body["email"], clock.now()
    with acting() as caller:
        refuse_unknown_shop(caller, body["shop_id"])
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
        letters.invite(invitation, token, company=company.name)
    return invitation


@blueprint.get("")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, page_of(InvitationSchema))
def list_invitations(query: dict[str, Any]) -> dict[str, Any]:
    """List your company's invitations, or your shop's if you work in one, the oldest first.

    Those that were accepted or have lapsed, too.
    """
    with acting() as caller:
        found = invitations.invitations(
            company_id=caller.company_id, shop_id=caller.shop_id, limit=query["limit"] + 1, after=query["after"]
        )
        return page(found, query["limit"])


@blueprint.delete("/<uuid:invitation_id>")
@blueprint.response(204)
def withdraw_invitation(invitation_id: UUID) -> None:
    """Withdraw an invitation, or forget one that is over. Whoever has accepted it stays a member."""
    with acting() as caller:
        invitations.withdraw(invitation_id=invitation_id, company_id=caller.company_id, shop_id=caller.shop_id)
