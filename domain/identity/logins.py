"""Logins: refresh tokens that replace each other, one after the other, until the login ends."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from domain.identity.models import RefreshToken
from kit import db
from kit.ids import new_id

LASTS = timedelta(days=30)
"""How long a refresh token may wait to be used."""


def begin(*, user_id: UUID, now: datetime) -> RefreshToken:
    """Begin a login of the current user."""
    return _issue(user_id, new_id(), now)


def replace(*, token_id: UUID, now: datetime) -> RefreshToken | None:
    """Use up a token of the current user for its successor; None when its login is over.

    A token that comes a second time ends its login: of the two who hold it, one is a thief (RFC 9700, section 4.14.2).
    That ending must be committed, so it is answered, not raised.
    """
    token = db.session().scalar(select(RefreshToken).where(RefreshToken.id == token_id).with_for_update())
    if token is None or token.revoked_at or token.expires_at <= now:
        return None
    if token.used_at:
        end(family_id=token.family_id, now=now)
        return None
    token.used_at = now
    return _issue(token.user_id, token.family_id, now)


def end(*, family_id: UUID, now: datetime) -> None:
    """End a login of the current user: none of its tokens is good any more. Harmless when it has ended."""
    live = update(RefreshToken).where(RefreshToken.family_id == family_id, RefreshToken.revoked_at.is_(None))
    db.session().execute(live.values(revoked_at=now))


def _issue(user_id: UUID, family_id: UUID, now: datetime) -> RefreshToken:
    token = RefreshToken(id=new_id(), user_id=user_id, family_id=family_id, expires_at=now + LASTS)
    session = db.session()
    session.add(token)
    session.flush()
    return token
