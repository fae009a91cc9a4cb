"""Invite a person to a role in a company, by a mail with a link."""

from datetime import datetime, timedelta
from uuid import UUID

from domain.access import invitations
from domain.access.models import Invitation
from domain.access.permission_sets import PermissionSet
from domain.access.roles import Role
from domain.accounts import account_mail, throttle
from domain.accounts import queries as users
from domain.accounts.throttle import MAIL_REQUESTS, Quota
from domain.companies import queries as companies
from domain.notifications import mail_queue as notifications
from kit.config import settings
from kit.errors import TooManyRequests
from kit.text import without_links

INVITATIONS_PER_SENDER = Quota(
    "invitations-sender", "You can send 20 invitations an hour", limit=20, window=timedelta(hours=1)
)
INVITATIONS_PER_COMPANY = Quota(
    "invitations-company", "A company can send 50 invitations an hour", limit=50, window=timedelta(hours=1)
)


def invite_member(
    *, company_id: UUID, email: str, role: Role, shop_id: UUID | None, invited_by: UUID, actor: PermissionSet,
    now: datetime,
) -> Invitation:  # fmt: skip
    """Offer a role in the company, or in one shop, to an email address (lower case), and mail the link to accept it.

    Raises ExceedsOwnPermissions when the actor does not have the role's permissions, and TooManyRequests after too
    many invitations by the sender or the company, or mails to the address.
    """
    sender = users.the_user(user_id=invited_by)
    throttle.consume(INVITATIONS_PER_SENDER, sender.email, now=now)
    throttle.consume(INVITATIONS_PER_COMPANY, str(company_id), now=now)
    wait = throttle.count_attempt(MAIL_REQUESTS, "invitation", email, now=now)
    if wait:
        raise TooManyRequests(wait=wait)
    company = companies.the_company(company_id=company_id)
    invitation, token = invitations.create(
        company_id=company_id, email=email, role=role, shop_id=shop_id, invited_by=invited_by, actor=actor, now=now
    )
    _send_invitation(invitation, token, company=company.name)
    return invitation


def _send_invitation(invitation: Invitation, token: str, *, company: str) -> None:
    site = settings().require("public_url")
    notifications.enqueue_invitation(
        company_id=invitation.company_id, recipient=invitation.email, occasion=f"invitation:{invitation.id}",
        context={
            "site": site, "link": site + account_mail.link_path("accept-invitation", token),
            "company": without_links(company) or "A company",
            "hours": invitations.LIFETIME // timedelta(hours=1), "role": invitation.role.replace("_", " "),
        },
    )  # fmt: skip
