"""Announcing failed logins. For the response time not to reveal who is registered, it costs the same for everybody."""

from uuid import UUID

from domain.accounts.events import LOGIN_FAILED, LoginFailed
from kit import db, tenancy
from kit.ids import new_id
from kit.messaging import events


def announce_wrong_password(*, email: str, user_id: UUID | None) -> None:
    """Publish that the password for this email address was wrong; `user_id` is None if nobody has registered it."""
    tenancy.reveal_user_by_email(db.session(), email)
    payload = LoginFailed(user_id, reason="wrong_password")
    events.publish(LOGIN_FAILED, payload, subject=user_id or new_id(), company_id=None)
