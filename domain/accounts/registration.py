"""Register a user, and mail the link that verifies the email address."""

from datetime import datetime
from uuid import UUID

from domain.accounts import account_mail, queries, throttle, users
from domain.accounts.throttle import MAIL_REQUESTS
from kit.errors import TooManyRequests


def register(*, email: str, name: str, password_hash: str, now: datetime) -> None:
    """Add a user with an email address (lower case), and mail the link to verify it.

    If the address is registered already, the mail says so. Does nothing after too many mails to the address. In all
    cases the caller learns nothing about who is registered.
    """
    if throttle.count_attempt(MAIL_REQUESTS, email, now=now):
        return
    user, is_new = users.register_or_find(email=email, name=name, password_hash=password_hash)
    account_mail.send("verify_email" if is_new else "registered_already", user, now=now)


def resend_verification_mail(*, user_id: UUID, now: datetime) -> None:
    """Mail the current user another link, unless the address is verified already; raises TooManyRequests."""
    user = queries.the_user(user_id=user_id)
    wait = throttle.count_attempt(MAIL_REQUESTS, user.email, now=now)
    if wait:
        raise TooManyRequests(wait=wait)
    if user.verified_at is None:
        account_mail.send("verify_email", user, now=now)
