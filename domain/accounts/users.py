"""Registering users, verifying their email addresses and changing their passwords."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from domain.accounts.errors import EmailTaken, InvalidCredentials
from domain.accounts.events import PASSWORD_CHANGED, USER_REGISTERED, USER_REGISTERED_AGAIN, USER_VERIFIED, UserId
from domain.accounts.models import User
from kit import db, tenancy
from kit.ids import new_id
from kit.messaging import events


def register(*, email: str, name: str, password_hash: str) -> User:
    """Add a user with an email address (lower case); raises EmailTaken."""
    user, is_new = register_or_find(email=email, name=name, password_hash=password_hash)
    if not is_new:
        raise EmailTaken
    return user


def register_or_find(*, email: str, name: str, password_hash: str) -> tuple[User, bool]:
    """Add a user with an email address (lower case), or find the existing one. Also returns whether the user is new.

    Both cases run the same statements and write the same number of rows, so that the response time does not reveal
    which addresses are registered.
    """
    session, user_id = db.session(), new_id()
    tenancy.reveal_user_by_email(session, email)
    added = insert(User).values(id=user_id, email=email, name=name, password_hash=password_hash)
    rewritten = added.on_conflict_do_update(index_elements=[User.email], set_={"email": User.email})
    user = session.scalars(rewritten.returning(User)).one()
    is_new = user.id == user_id
    event = USER_REGISTERED if is_new else USER_REGISTERED_AGAIN
    events.publish(event, UserId(user.id), subject=user.id, company_id=None)
    return user, is_new


def verify_email(*, user_id: UUID, now: datetime) -> None:
    """Mark the current user's email address as verified. Does nothing if it is verified already."""
    user = db.session().get_one(User, user_id)
    if user.verified_at is None:
        user.verified_at = now
        events.publish(USER_VERIFIED, UserId(user_id), subject=user_id, company_id=None)


def change_password(*, user_id: UUID, old_hash: str, new_hash: str) -> User:
    """Replace the current user's password hash; raises InvalidCredentials if it is no longer `old_hash`."""
    unchanged = update(User).where(User.id == user_id, User.password_hash == old_hash)
    user: User | None = db.session().scalar(unchanged.values(password_hash=new_hash).returning(User))
    if user is None:
        raise InvalidCredentials
    events.publish(PASSWORD_CHANGED, UserId(user_id), subject=user_id, company_id=None)
    return user


def rehash(*, user_id: UUID, old_hash: str, new_hash: str) -> None:
    """Replace the current user's password hash, unless the password has been changed in the meantime."""
    unchanged = update(User).where(User.id == user_id, User.password_hash == old_hash)
    db.session().execute(unchanged.values(password_hash=new_hash))
