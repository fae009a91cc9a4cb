"""Registering users and giving them roles."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from domain.identity.errors import EmailTaken
from domain.identity.models import Membership, User
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


def add_member(*, user_id: UUID, company_id: UUID, role: Role, shop_id: UUID | None = None) -> Membership:
    """Give the user a role in the company, or in the one shop of it."""
    membership = Membership(user_id=user_id, company_id=company_id, role=role, shop_id=shop_id)
    session = db.session()
    session.add(membership)
    session.flush()
    return membership
