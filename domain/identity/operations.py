"""Registering users, and what they change about themselves."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from domain.identity.errors import EmailTaken, WrongCredentials
from domain.identity.models import User
from kit import db, tenancy
from kit.ids import new_id
from kit.messaging import outbox


def register(*, email: str, name: str, password_hash: str) -> User:
    """Add a user under a mail address (lower case); raises EmailTaken."""
    user, is_new = register_or_find(email=email, name=name, password_hash=password_hash)
    if not is_new:
        raise EmailTaken
    return user


def register_or_find(*, email: str, name: str, password_hash: str) -> tuple[User, bool]:
    """Add a user under a mail address (lower case), or leave the one there is as they are; and whether it is a new one.

    Both take the same statements and write as many rows: how long it takes tells nobody who has registered.
    """
    session, user_id = db.session(), new_id()
    tenancy.reveal_user_by_email(session, email)
    added = insert(User).values(id=user_id, email=email, name=name, password_hash=password_hash)
    rewritten = added.on_conflict_do_update(index_elements=[User.email], set_={"email": User.email})
    user = session.scalars(rewritten.returning(User)).one()
    is_new = user.id == user_id
    event = "user.registered" if is_new else "user.registered_again"
    outbox.publish(event, {"user_id": str(user.id)}, subject=user.id, company_id=None)
    return user, is_new


def verify_email(*, user_id: UUID, now: datetime) -> None:
    """Note that the current user reads the mails to their address; harmless when that is known."""
    user = db.session().get_one(User, user_id)
    if user.verified_at is None:
        user.verified_at = now
        outbox.publish("user.verified", {"user_id": str(user_id)}, subject=user_id, company_id=None)


def change_password(*, user_id: UUID, before: str, after: str) -> User:
    """Give the current user another password hash; raises WrongCredentials if theirs is no longer the one before."""
    unchanged = update(User).where(User.id == user_id, User.password_hash == before)
    user: User | None = db.session().scalar(unchanged.values(password_hash=after).returning(User))
    if user is None:
        raise WrongCredentials
    return user


def rehash(*, user_id: UUID, before: str, after: str) -> None:
    """Keep the current user's password under a better hash, unless they have changed it meanwhile."""
    unchanged = update(User).where(User.id == user_id, User.password_hash == before)
    db.session().execute(unchanged.values(password_hash=after))
