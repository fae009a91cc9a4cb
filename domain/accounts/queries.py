"""Reading users."""

from uuid import UUID

from sqlalchemy import select

from domain.accounts.errors import EmailUnverified, InvalidCredentials, UserNotFound
from domain.accounts.models import User
from kit import db, tenancy


def the_user(*, user_id: UUID) -> User:
    """Return the current user, or another member of the current company; raises UserNotFound."""
    user = db.session().get(User, user_id)
    if user is None:
        raise UserNotFound
    return user


def the_verified_user(*, user_id: UUID) -> User:
    """Return the current user, locked against erasure; raises EmailUnverified if the email address is not verified."""
    # The lock prevents an erasure while this transaction inserts rows that refer to the user.
    user = db.session().get(User, user_id, with_for_update={"read": True, "key_share": True}, populate_existing=True)
    if user is None:
        raise UserNotFound
    if user.verified_at is None:
        raise EmailUnverified
    return user


def lock_unchanged_password(*, user_id: UUID, password_hash: str) -> None:
    """Lock the current user's row against changes until the transaction ends.

    Raises InvalidCredentials if `password_hash` is no longer the user's.
    """
    unchanged = (
        select(User.id).where(User.id == user_id, User.password_hash == password_hash).with_for_update(read=True)
    )
    if db.session().scalar(unchanged) is None:
        raise InvalidCredentials


def user_by_email(*, email: str) -> User | None:
    """Return the user with this email address (lower case), if any; needs no current user."""
    session = db.session()
    tenancy.reveal_user_by_email(session, email)
    return session.scalar(select(User).where(User.email == email))


def the_user_by_email(*, email: str) -> User:
    """Return the user with this email address (lower case); raises UserNotFound."""
    user = user_by_email(email=email)
    if user is None:
        raise UserNotFound
    return user
