"""Invitations: roles that wait for whoever reads the mails to an address."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update

from domain.identity import memberships, queries
from domain.identity.errors import InvitationNotFound, LinkOver, NotAMember, RegisterFirst
from domain.identity.models import Invitation, Membership
from domain.identity.permissions import Powers, powers_of
from domain.identity.roles import Role
from kit import db, secret_tokens, tenancy
from kit.ids import new_id
from kit.paging import page
from kit.tenancy import Tenant

LASTS = timedelta(days=7)


def invite(
    *, company_id: UUID, email: str, role: Role, shop_id: UUID | None, invited_by: UUID, by: Powers, now: datetime
) -> tuple[Invitation, str]:
    """Hold a role in the company, or in the one shop of it, ready for whoever comes with the token of this link.

    The address is in lower case. Raises NotYoursToGive. Earlier invitations stay good.
    """
    by.refuse_beyond(powers_of(role, shop_id))
    token, session = secret_tokens.new_token(), db.session()
    invitation = Invitation(
        id=new_id(), company_id=company_id, shop_id=shop_id, email=email, role=role, invited_by=invited_by,
        hash=secret_tokens.hash_of(token), expires_at=now + LASTS,
    )  # fmt: skip
    session.add(invitation)
    session.flush()
    session.refresh(invitation)
    return invitation, token


def accept(*, token: str, now: datetime) -> Membership:
    """Give the role to the user with the invited address, within the powers that the inviter has now; use the link up.

    The rest of the transaction acts for the user at the company.
    Raises LinkOver, RegisterFirst, AlreadyMember, NotYoursToGive.
    """
    session, token_hash = db.session(), secret_tokens.hash_of(token)
    tenancy.reveal_by_token(session, token_hash)
    invitation = session.scalar(select(Invitation).where(Invitation.hash == token_hash))
    if invitation is None:
        raise LinkOver
    db.run(tenancy.SET_TENANT, tenancy.as_params(Tenant(invitation.company_id, invitation.invited_by)))
    by = _powers_of_the_host(invitation)
    good = update(Invitation).where(
        Invitation.id == invitation.id, Invitation.accepted_at.is_(None), Invitation.expires_at > now
    )
    if session.scalar(good.values(accepted_at=now).returning(Invitation.id)) is None:
        raise LinkOver
    user = queries.user_by_email(email=invitation.email)
    if user is None or user.verified_at is None:
        raise RegisterFirst
    db.run(tenancy.SET_TENANT, tenancy.as_params(Tenant(invitation.company_id, user.id)))
    return memberships.join(
        user_id=user.id, company_id=invitation.company_id, role=invitation.role,  # type: ignore[arg-type]
        shop_id=invitation.shop_id, by=by,
    )  # fmt: skip


def invitations(
    *, company_id: UUID, shop_id: UUID | None = None, limit: int, after: UUID | None = None
) -> list[Invitation]:
    """The company's invitations (if given: to that shop), the oldest first, from behind `after`."""
    query = select(Invitation).where(*_of(company_id, shop_id))
    return list(db.session().scalars(page(query, Invitation.id, limit=limit, after=after)))


def withdraw(*, invitation_id: UUID, company_id: UUID, shop_id: UUID | None = None) -> None:
    """Forget an invitation (if given: to that shop); who has accepted it stays a member. Raises InvitationNotFound."""
    theirs = delete(Invitation).where(Invitation.id == invitation_id, *_of(company_id, shop_id))
    if db.session().scalar(theirs.returning(Invitation.id)) is None:
        raise InvitationNotFound


def _of(company_id: UUID, shop_id: UUID | None) -> list[ColumnElement[bool]]:
    of_company = Invitation.company_id == company_id
    return [of_company] if shop_id is None else [of_company, Invitation.shop_id == shop_id]


def _powers_of_the_host(invitation: Invitation) -> Powers:
    try:
        membership = queries.membership_in(user_id=invitation.invited_by, company_id=invitation.company_id)
    except NotAMember:
        raise LinkOver from None
    return powers_of(membership.role, membership.shop_id)
