"""User sessions: a chain of refresh tokens, each of which replaces the one before it, until the session ends."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.accounts.errors import SessionNotFound
from domain.accounts.events import LOGGED_IN, REFRESH_TOKEN_REUSED, SESSION_ENDED, SessionStarted, UserSessionId
from domain.accounts.models import RefreshToken, UserSession
from kit import db, secret_tokens, tenancy
from kit.ids import new_id
from kit.messaging import events
from kit.tenancy import Tenant

REFRESH_TOKEN_LIFETIME = timedelta(days=30)
"""A session expires when its latest refresh token has not been used for this long."""

REUSE_GRACE_PERIOD = timedelta(seconds=10)
"""A refresh token that is sent again within this time gets the same successor: two browser tabs may refresh at once."""


IS_ACTIVE = """(%(session)s::uuid IS NULL OR EXISTS (
        SELECT FROM sessions WHERE id = %(session)s AND user_id = %(user)s AND ended_at IS NULL))"""
"""SQL column: true if the user's session has not ended, or if there is none (orders placed by our own programs)."""


@dataclass(frozen=True, slots=True)
class SessionGrant:
    """A session and its current refresh token. Only the token's hash is stored, so it cannot be read again."""

    session: UserSession
    refresh_token: str


def start(
    *, user_id: UUID, company_id: UUID | None, device: str | None = None, ip_address: str | None = None, now: datetime
) -> SessionGrant:
    """Start a session of the user. In it the user acts for the company or, if `company_id` is None, as a customer."""
    user_session = UserSession(
        id=new_id(), user_id=user_id, active_company_id=company_id, device=device, ip_address=ip_address,
        started_at=now, last_used_at=now,
    )  # fmt: skip
    db.session().add(user_session)
    payload = SessionStarted(user_id, user_session.id, active_company_id=company_id)
    events.publish(LOGGED_IN, payload, subject=user_id, company_id=None)
    return _grant(user_session, secret_tokens.new_token(), now, replaces=None)


def refresh(*, refresh_token: str, now: datetime) -> SessionGrant | None:
    """Exchange a refresh token for its successor. Returns None when the session has ended.

    The rest of the transaction acts for the session's user. A token that is used a second time ends the session,
    because one of its two holders has stolen it (RFC 9700, section 4.14.2). There is one exception: within
    REUSE_GRACE_PERIOD of the first use, and before the successor is used, the same successor is returned again. So two
    holders of a token never get two different valid tokens. The ended session must be committed, so this returns None
    instead of raising.
    """
    user_session = _lock_session(refresh_token)
    if user_session is None or user_session.ended_at or user_session.expires_at <= now:
        return None
    token = db.session().get_one(RefreshToken, secret_tokens.hash_of(refresh_token), populate_existing=True)
    if token.expires_at <= now:
        return None
    token.used_at = token.used_at or now
    if now - token.used_at > REUSE_GRACE_PERIOD or _is_superseded(token):
        payload = UserSessionId(user_session.user_id, user_session.id)
        events.publish(REFRESH_TOKEN_REUSED, payload, subject=user_session.user_id, company_id=None)
        user_session.ended_at = now
        _announce_end(user_session.user_id, user_session.id)
        return None
    token.salt = token.salt or secrets.token_bytes(16)
    user_session.last_used_at = now
    return _grant(user_session, secret_tokens.successor_of(refresh_token, token.salt), now, replaces=token.hash)


def end_by_token(*, refresh_token: str, now: datetime) -> None:
    """End the session of this refresh token. Does nothing if there is none."""
    user_session = _lock_session(refresh_token)
    if user_session is not None and user_session.ended_at is None:
        user_session.ended_at = now
        _announce_end(user_session.user_id, user_session.id)


def end(*, session_id: UUID, now: datetime) -> None:
    """End a session of the current user, which invalidates its tokens; raises SessionNotFound."""
    ending = update(UserSession).where(UserSession.id == session_id, _is_active(now)).values(ended_at=now)
    user_id = db.session().scalar(ending.returning(UserSession.user_id))
    if user_id is None:
        raise SessionNotFound
    _announce_end(user_id, session_id)


def end_all(*, user_id: UUID, except_for: UUID | None = None, now: datetime) -> None:
    """End all sessions of the current user, except for the one with this id, if given."""
    ending = update(UserSession).where(UserSession.user_id == user_id, _is_active(now))
    others = ending.where(UserSession.id != except_for) if except_for else ending
    for session_id in db.session().scalars(others.values(ended_at=now).returning(UserSession.id)):
        _announce_end(user_id, session_id)


def active(*, user_id: UUID, now: datetime) -> list[UserSession]:
    """List the current user's active sessions, the most recently used one first."""
    query = select(UserSession).where(UserSession.user_id == user_id, _is_active(now))
    return list(db.session().scalars(query.order_by(UserSession.last_used_at.desc(), UserSession.id)))


def _announce_end(user_id: UUID, session_id: UUID) -> None:
    events.publish(SESSION_ENDED, UserSessionId(user_id, session_id), subject=user_id, company_id=None)


def _lock_session(refresh_token: str) -> UserSession | None:
    """Lock and return the session of this token, and make the transaction act for its user."""
    session, token_hash = db.session(), secret_tokens.hash_of(refresh_token)
    tenancy.reveal_by_token(session, token_hash)
    token = session.get(RefreshToken, token_hash)
    if token is None:
        return None
    db.act_for(Tenant(user_id=token.user_id))
    return session.scalar(select(UserSession).where(UserSession.id == token.session_id).with_for_update())


def _is_superseded(token: RefreshToken) -> bool:
    """Check whether a successor of this token has been used.

    Older releases issued several successors for one token; the use of any of them counts.
    """
    another = and_(RefreshToken.replaces == token.replaces, RefreshToken.hash != token.hash)
    used = exists().where(
        RefreshToken.session_id == token.session_id, RefreshToken.used_at.is_not(None),
        (RefreshToken.replaces == token.hash) | another,
    )  # fmt: skip
    return bool(db.session().scalar(select(used)))


def _grant(user_session: UserSession, refresh_token: str, now: datetime, *, replaces: bytes | None) -> SessionGrant:
    """Extend the session by REFRESH_TOKEN_LIFETIME. Add the refresh token, unless a repeated request has added it."""
    user_session.expires_at = now + REFRESH_TOKEN_LIFETIME
    session = db.session()
    session.flush()  # insert the session's row before the token's, which refers to it
    added = insert(RefreshToken).values(
        hash=secret_tokens.hash_of(refresh_token), replaces=replaces, user_id=user_session.user_id,
        session_id=user_session.id, expires_at=user_session.expires_at,
    )  # fmt: skip
    session.execute(added.on_conflict_do_nothing())
    return SessionGrant(user_session, refresh_token)


def _is_active(now: datetime) -> ColumnElement[bool]:
    return and_(UserSession.ended_at.is_(None), UserSession.expires_at > now)
