"""Registering users, what they change about themselves, and giving them roles."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.identity.errors import AlreadyMember, EmailTaken, LastAdmin, MemberNotFound
from domain.identity.models import Membership, User
from domain.identity.permissions import Powers, powers_of
from domain.identity.roles import Role
from kit import db, outbox, tenancy
from kit.ids import new_id


def register(*, email: str, name: str, password_hash: str) -> User:
    """Add a user under a mail address (lower case); raises EmailTaken."""
    session = db.session()
    tenancy.identify(session, email)
    added = insert(User).values(id=new_id(), email=email, name=name, password_hash=password_hash)
    user: User | None = session.scalar(added.on_conflict_do_nothing().returning(User))
    if user is None:
        raise EmailTaken
    outbox.publish("user.registered", {"user_id": str(user.id)}, subject=user.id, company_id=None)
    return user


def verify_email(*, user_id: UUID, now: datetime) -> None:
    """Note that the current user reads the mails to their address; harmless when that is known."""
    user = db.session().get_one(User, user_id)
    if user.verified_at is None:
        user.verified_at = now
        outbox.publish("user.verified", {"user_id": str(user_id)}, subject=user_id, company_id=None)


def set_password(*, user_id: UUID, password_hash: str) -> User:
    """Give the current user another password."""
    user = db.session().get_one(User, user_id)
    user.password_hash = password_hash
    return user


def rehash(*, user_id: UUID, before: str, after: str) -> None:
    """Keep the current user's password under a better hash, unless they have changed it meanwhile."""
    unchanged = update(User).where(User.id == user_id, User.password_hash == before)
    db.session().execute(unchanged.values(password_hash=after))


def add_member(*, user_id: UUID, company_id: UUID, role: Role, shop_id: UUID | None = None, by: Powers) -> Membership:
    """Give the user a role in the company, or in the one shop of it, by what the giver holds there.

    Raises NotYoursToGive, AlreadyMember when they have it.
    """
    by.refuse_beyond(powers_of(role, shop_id))
    added = insert(Membership).values(id=new_id(), user_id=user_id, company_id=company_id, role=role, shop_id=shop_id)
    membership: Membership | None = db.session().scalar(added.on_conflict_do_nothing().returning(Membership))
    if membership is None:
        raise AlreadyMember
    return membership


def remove_member(*, membership_id: UUID, company_id: UUID, by: Powers) -> None:
    """Take a role in the company away again, by what the taker holds there.

    Raises MemberNotFound, also when it is held where the taker has no powers, NotYoursToGive, and LastAdmin when nobody
    could give it back.
    """
    session = db.session()
    # One at a time, or two admins could remove each other at once.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"members:{company_id}", 0))))
    held = {member.id: member for member in session.scalars(select(Membership).filter_by(company_id=company_id))}
    leaving = held.pop(membership_id, None)
    if leaving is None or by.shop_id not in (None, leaving.shop_id):
        raise MemberNotFound
    by.refuse_beyond(powers_of(leaving.role, leaving.shop_id))
    if leaving.role == "company_admin" and all(member.role != "company_admin" for member in held.values()):
        raise LastAdmin
    session.delete(leaving)
