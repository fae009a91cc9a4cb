"""Invitations: roles offered to the owner of an email address."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update

from domain.access import memberships, queries
from domain.access.errors import InvitationNotFound, NotAMember, RegistrationRequired
from domain.access.events import INVITATION_REVOKED, MEMBER_INVITED, InvitationId, Invited
from domain.access.models import Invitation, Membership
from domain.access.permission_sets import PermissionSet, permissions_of
from domain.access.roles import Role
from domain.accounts import queries as users
from domain.accounts.errors import LinkExpired
from domain.companies import lifecycle
from kit import db, secret_tokens, tenancy
from kit.ids import new_id
from kit.messaging import events
from kit.paging import Page, page
from kit.tenancy import Tenant

LIFETIME = timedelta(days=7)


def create(
    *,
    company_id: UUID,
    email: str,
    role: Role,
    shop_id: UUID | None,
    invited_by: UUID,
    actor: PermissionSet,
    now: datetime,
) -> tuple[Invitation, str]:
    """Offer a role in the company, or in one shop, to an email address (lower case). Returns the link's token, too.

    No mail is sent (see invite_member).
    Earlier invitations stay valid. Raises ExceedsOwnPermissions when the inviter does not have the role's permissions.
    """
    actor.require_superset_of(permissions_of(role, shop_id))
    token, session = secret_tokens.new_token(), db.session()
    invitation = Invitation(
        id=new_id(), company_id=company_id, shop_id=shop_id, email=email, role=role, invited_by=invited_by,
        hash=secret_tokens.hash_of(token), expires_at=now + LIFETIME,
    )  # fmt: skip
    session.add(invitation)
    session.flush()
    session.refresh(invitation)
    payload = Invited(invitation.id, role=role, shop_id=shop_id, invited_by=invited_by)
    events.publish(MEMBER_INVITED, payload, subject=invitation.id, company_id=company_id)
    return invitation, token


def accept(*, token: str, now: datetime) -> Membership:
    """Give the role to the user with the invited address. The token is valid once.

    The rest of the transaction acts for the user at the company. Raises LinkExpired, RegistrationRequired,
    AlreadyMember, CompanySuspended, and ExceedsOwnPermissions when the inviter no longer has the role's permissions.
    """
    session, token_hash = db.session(), secret_tokens.hash_of(token)
    tenancy.reveal_by_token(session, token_hash)
    invitation = session.scalar(select(Invitation).where(Invitation.hash == token_hash))
    if invitation is None:
        raise LinkExpired
    db.act_for(Tenant(invitation.company_id, invitation.invited_by))
    inviter = _inviter_permissions(invitation)
    acceptable = update(Invitation).where(
        Invitation.id == invitation.id, Invitation.accepted_at.is_(None), Invitation.expires_at > now
    )
    if session.scalar(acceptable.values(accepted_at=now).returning(Invitation.id)) is None:
        raise LinkExpired
    user = users.user_by_email(email=invitation.email)
    if user is None or user.verified_at is None:
        raise RegistrationRequired
    db.act_for(Tenant(invitation.company_id, user.id))
    membership = memberships.join(
        user_id=user.id, company_id=invitation.company_id, role=invitation.role,  # type: ignore[arg-type]
        shop_id=invitation.shop_id, actor=inviter,
    )  # fmt: skip
    lifecycle.require_writable(company_id=invitation.company_id)
    return membership


def invitations(
    *, company_id: UUID, shop_id: UUID | None = None, limit: int, after: UUID | None = None
) -> Page[Invitation]:
    """List the company's invitations (or only the shop's), the oldest first, after the one with the id `after`."""
    query = select(Invitation).where(*_of(company_id, shop_id))
    return page(query, Invitation.id, limit=limit, after=after)


def withdraw(*, invitation_id: UUID, company_id: UUID, shop_id: UUID | None = None) -> None:
    """Delete an invitation (of the shop, if given); raises InvitationNotFound. An existing membership stays."""
    deletion = delete(Invitation).where(Invitation.id == invitation_id, *_of(company_id, shop_id))
    if db.session().scalar(deletion.returning(Invitation.id)) is None:
        raise InvitationNotFound
    payload = InvitationId(invitation_id)
    events.publish(INVITATION_REVOKED, payload, subject=invitation_id, company_id=company_id)


def _of(company_id: UUID, shop_id: UUID | None) -> list[ColumnElement[bool]]:
    of_company = Invitation.company_id == company_id
    return [of_company] if shop_id is None else [of_company, Invitation.shop_id == shop_id]


def _inviter_permissions(invitation: Invitation) -> PermissionSet:
    try:
        membership = queries.membership_in(user_id=invitation.invited_by, company_id=invitation.company_id)
    except NotAMember:
        raise LinkExpired from None
    return permissions_of(membership.role, membership.shop_id)
