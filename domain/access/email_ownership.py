"""Giving an account to the owner of its email address, without anything left by an earlier user of the account."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete

from domain.access.models import ApiKey
from domain.accounts import account_mail, one_time_links, second_factor, sessions, throttle, users
from domain.accounts.events import ACCOUNT_CLAIMED, PASSWORD_CHANGED, UserId
from domain.accounts.models import Address, User, UserSession
from domain.accounts.throttle import PASSWORD_ATTEMPTS
from kit import db
from kit.messaging import events


def verify(*, token: str, password_hash: str, now: datetime) -> None:
    """Verify the email address that a link was sent to, and set the password hash; raises LinkExpired.

    If the password hash differs, somebody else may have registered the address: the account's contents and sessions are
    deleted.
    """
    user_id = one_time_links.redeem(token=token, purpose="verify_email", now=now)
    user = _lock_user(user_id)
    if user.password_hash != password_hash:
        _set_password(user, password_hash)
        _delete_contents(user)
    users.verify_email(user_id=user_id, now=now)


def reset_password(*, token: str, password_hash: str, network_address: str, now: datetime) -> None:
    """Set the password hash of the user whom a link was sent to, verify the address, end all sessions and send a mail.

    If the address was not verified before, the account's contents are deleted. `network_address` need not wait any
    longer for its earlier wrong passwords. Raises LinkExpired.
    """
    user_id = one_time_links.redeem(token=token, purpose="reset_password", now=now)
    user = _lock_user(user_id)
    _set_password(user, password_hash)
    if user.verified_at is None:
        _delete_contents(user)
    sessions.end_all(user_id=user_id, now=now)
    users.verify_email(user_id=user_id, now=now)
    throttle.reset(PASSWORD_ATTEMPTS, user.email, network_address, now=now)
    account_mail.send("password_changed", user, now=now)


def _lock_user(user_id: UUID) -> User:
    """Return the user's row, locked until the transaction ends.

    An insert of a row with a foreign key to the user waits for the lock, or was committed before: so this transaction
    sees all rows of the user.
    """
    return db.session().get_one(User, user_id, with_for_update=True, populate_existing=True)


def _set_password(user: User, password_hash: str) -> None:
    user.password_hash = password_hash
    events.publish(PASSWORD_CHANGED, UserId(user.id), subject=user.id, company_id=None)


def _delete_contents(user: User) -> None:
    session = db.session()
    second_factor.disable(user_id=user.id)
    session.execute(delete(UserSession).where(UserSession.user_id == user.id))  # cascades to the refresh tokens
    session.execute(delete(ApiKey).where(ApiKey.created_by == user.id))
    session.execute(delete(Address).where(Address.user_id == user.id))
    user.phone = None
    events.publish(ACCOUNT_CLAIMED, UserId(user.id), subject=user.id, company_id=None)
