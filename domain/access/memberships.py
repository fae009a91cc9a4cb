"""Joining and leaving companies, and the company that a user acts for by default."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.access.errors import AlreadyMember, LastAdmin, MemberNotFound, MembershipNotFound
from domain.access.events import MEMBER_JOINED, MEMBER_LEFT, MEMBER_REMOVED, Member
from domain.access.models import Membership
from domain.access.permission_sets import PermissionSet, permissions_of
from domain.access.roles import Role
from domain.accounts.models import User
from kit import db
from kit.ids import new_id
from kit.messaging import events
from kit.messaging.events import Event
from kit.tenancy import Tenant


def join(
    *, user_id: UUID, company_id: UUID, role: Role, shop_id: UUID | None = None, actor: PermissionSet
) -> Membership:
    """Give the current user a role in the company, or in one shop, and make it the company they act for by default.

    Raises ExceedsOwnPermissions when the actor does not have the role's permissions, and AlreadyMember.
    """
    actor.require_superset_of(permissions_of(role, shop_id))
    added = insert(Membership).values(id=new_id(), user_id=user_id, company_id=company_id, role=role, shop_id=shop_id)
    membership: Membership | None = db.session().scalar(added.on_conflict_do_nothing().returning(Membership))
    if membership is None:
        raise AlreadyMember
    set_default_company(user_id=user_id, company_id=company_id)
    announce(MEMBER_JOINED, membership, company_id=company_id)
    return membership


def set_default_company(*, user_id: UUID, company_id: UUID | None) -> None:
    """Set the company that the current user acts for after a login; None to act as a customer. Checks no membership."""
    different = User.default_company_id.is_distinct_from(company_id)
    chosen = update(User).where(User.id == user_id, different).values(default_company_id=company_id)
    db.session().execute(chosen)


def leave(*, user_id: UUID, membership_id: UUID) -> None:
    """End a membership of the current user; the rest of the transaction acts for its company.

    Raises MembershipNotFound, and LastAdmin when the company would have no admin left.
    """
    own = select(Membership).where(
        Membership.id == membership_id, Membership.user_id == user_id, Membership.company_id.is_not(None)
    )
    membership = db.session().scalar(own)
    if membership is None or membership.company_id is None:
        raise MembershipNotFound
    db.act_for(Tenant(membership.company_id, user_id))
    own_permissions = permissions_of(membership.role, membership.shop_id)
    _remove_membership(membership_id=membership_id, company_id=membership.company_id, actor=own_permissions)
    announce(MEMBER_LEFT, membership, company_id=membership.company_id)


def remove(*, membership_id: UUID, company_id: UUID, actor: PermissionSet) -> None:
    """Remove a membership of the current company.

    Raises MemberNotFound, also for a membership in a shop that the actor has no access to, ExceedsOwnPermissions when
    the actor does not have the role's permissions, and LastAdmin when the company would have no admin left.
    """
    removed = _remove_membership(membership_id=membership_id, company_id=company_id, actor=actor)
    announce(MEMBER_REMOVED, removed, company_id=company_id)


_SEQUENCE = {MEMBER_JOINED.name: 1, MEMBER_LEFT.name: 2, MEMBER_REMOVED.name: 2}
"""A membership is created once and ends once."""


def announce(event: Event[Member], membership: Membership, *, company_id: UUID) -> None:
    """Publish an event of a membership of the current company."""
    payload = Member(membership.id, membership.user_id, membership.role, membership.shop_id)
    events.publish(event, payload, subject=membership.id, company_id=company_id, sequence=_SEQUENCE[event.name])


def _remove_membership(*, membership_id: UUID, company_id: UUID, actor: PermissionSet) -> Membership:
    session = db.session()
    # One removal at a time per company: otherwise two admins could remove each other at the same time.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"members:{company_id}", 0))))
    members = {member.id: member for member in session.scalars(select(Membership).filter_by(company_id=company_id))}
    leaving = members.pop(membership_id, None)
    if leaving is None or actor.shop_id not in (None, leaving.shop_id):
        raise MemberNotFound
    actor.require_superset_of(permissions_of(leaving.role, leaving.shop_id))
    if leaving.role == "company_admin" and all(member.role != "company_admin" for member in members.values()):
        raise LastAdmin
    session.delete(leaving)
    return leaving
