"""Proof that an account is its mail address's: the reader of its mails gets it, with nothing from an earlier holder."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete

from domain.identity import logins, operations, second_factor
from domain.identity.models import Address, ApiKey, Login, User
from kit import db


def verify(*, user_id: UUID, password_hash: str, now: datetime) -> None:
    """Verify the current user's mail address, and give the account this password hash.

    Where it is another one than before, somebody else may have registered the address: what the account holds is
    deleted, and its sessions with it.
    """
    user = _locked(user_id)
    if user.password_hash != password_hash:
        user.password_hash = password_hash
        _delete_what_it_holds(user)
    operations.verify_email(user_id=user_id, now=now)


def reset_password(*, user_id: UUID, password_hash: str, now: datetime) -> User:
    """Give the current user another password hash, verify their mail address, and end their sessions.

    Where it was not verified before, what the account holds is deleted.
    """
    user = _locked(user_id)
    user.password_hash = password_hash
    if user.verified_at is None:
        _delete_what_it_holds(user)
    logins.end_all(user_id=user_id, now=now)
    operations.verify_email(user_id=user_id, now=now)
    return user


def _locked(user_id: UUID) -> User:
    """The user's row, locked against all that refers to it: what is being added is seen, or waits and is refused."""
    return db.session().get_one(User, user_id, with_for_update=True, populate_existing=True)


def _delete_what_it_holds(user: User) -> None:
    session = db.session()
    second_factor.switch_off(user_id=user.id)
    session.execute(delete(Login).where(Login.user_id == user.id))  # and the refresh tokens with them
    session.execute(delete(ApiKey).where(ApiKey.made_by == user.id))
    session.execute(delete(Address).where(Address.user_id == user.id))
    user.phone = None
