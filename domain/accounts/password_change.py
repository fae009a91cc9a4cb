"""Change a password, or request a link to set a forgotten one."""

from datetime import datetime
from uuid import UUID

from domain.accounts import account_mail, queries, sessions, throttle, users
from domain.accounts.throttle import MAIL_REQUESTS


def change(*, user_id: UUID, old_hash: str, new_hash: str, session_id: UUID | None, now: datetime) -> None:
    """Replace the current user's password hash, end all other sessions than `session_id`, and mail the user.

    Raises InvalidCredentials if the hash is no longer `old_hash`.
    """
    user = users.change_password(user_id=user_id, old_hash=old_hash, new_hash=new_hash)
    sessions.end_all(user_id=user_id, except_for=session_id, now=now)
    account_mail.send("password_changed", user, now=now)


def request_reset(*, email: str, now: datetime) -> None:
    """Mail a link to set a new password, if the address (lower case) is registered.

    Otherwise write decoy rows: the response takes as long in both cases, so it does not reveal who is registered.
    """
    wait = throttle.count_attempt(MAIL_REQUESTS, email, now=now)
    user = queries.user_by_email(email=email)
    if wait:
        return
    if user is not None:
        account_mail.send("reset_password", user, now=now)
    else:
        account_mail.send_decoy(now=now)
