"""Logins: refresh tokens that replace each other, one after the other, until the login ends."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, select, update
from sqlalchemy.dialects.postgresql import insert

from domain.identity.errors import LoginNotFound
from domain.identity.models import Login, RefreshToken
from kit import db, secret_tokens, tenancy
from kit.ids import new_id
from kit.tenancy import Tenant

LASTS = timedelta(days=30)
"""How long a refresh token may wait to be used."""

GRACE = timedelta(seconds=10)
"""How long after its use a token is exchanged again, for the same successor: two tabs asked at once, say."""


IS_LIVE = """(%(login)s::uuid IS NULL OR EXISTS (
        SELECT FROM logins WHERE id = %(login)s AND user_id = %(customer)s AND ended_at IS NULL))"""
"""A column, in SQL: whether the customer's login has not ended. Programs of ours order without one: true."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A login, and the one refresh token that goes on with it; nobody can tell that token a second time."""

    login: Login
    refresh_token: str


def begin(
    *, user_id: UUID, acts_for: UUID | None, device: str | None = None, address: str | None = None, now: datetime
) -> Opened:
    """Begin a login of the current user, who acts for that company there, or for none."""
    login = Login(
        id=new_id(), user_id=user_id, acts_for=acts_for, device=device, address=address, began_at=now, used_at=now
    )  # fmt: skip
    db.session().add(login)
    return _opened(login, secret_tokens.new_token(), now, replaces=None)


def replace(*, refresh_token: str, now: datetime) -> Opened | None:
    """Use up a refresh token for its successor, and act for its user from here on; None when its login is over.

    A token that comes a second time ends its login: of the two who hold it, one is a thief (RFC 9700, section 4.14.2).
    Only within GRACE of its first use, and as long as its successor has not been used, it is the same client that asks
    again, and gets the same successor: so two who hold a token never hold two that are good. That ending must be
    committed, so it is answered, not raised.
    """
    login = _presented(refresh_token)
    if login is None or login.ended_at or login.lapses_at <= now:
        return None
    token = db.session().get_one(RefreshToken, secret_tokens.hash_of(refresh_token), populate_existing=True)
    if token.expires_at <= now:
        return None
    token.used_at = token.used_at or now
    if now - token.used_at > GRACE or _is_superseded(token):
        login.ended_at = now
        return None
    token.salt = token.salt or secrets.token_bytes(16)
    login.used_at = now
    return _opened(login, secret_tokens.successor_of(refresh_token, token.salt), now, replaces=token.hash)


def end_presented(*, refresh_token: str, now: datetime) -> None:
    """End the login that the refresh token belongs to, if there is one."""
    login = _presented(refresh_token)
    if login is not None:
        login.ended_at = login.ended_at or now


def end(*, login_id: UUID, now: datetime) -> None:
    """End a login of the current user: none of its tokens is good any more; raises LoginNotFound."""
    ending = update(Login).where(Login.id == login_id, _live(now)).values(ended_at=now).returning(Login.id)
    if db.session().scalar(ending) is None:
        raise LoginNotFound


def end_all(*, user_id: UUID, but: UUID | None = None, now: datetime) -> None:
    """End every login of the current user, perhaps but one."""
    ending = update(Login).where(Login.user_id == user_id, _live(now))
    db.session().execute((ending.where(Login.id != but) if but else ending).values(ended_at=now))


def live(*, user_id: UUID, now: datetime) -> list[Login]:
    """The current user's logins, the one used last first."""
    mine = select(Login).where(Login.user_id == user_id, _live(now))
    return list(db.session().scalars(mine.order_by(Login.used_at.desc(), Login.id)))


def _presented(refresh_token: str) -> Login | None:
    """The login of whoever holds this token, locked, with the transaction acting for its user."""
    session, token_hash = db.session(), secret_tokens.hash_of(refresh_token)
    tenancy.reveal_by_token(session, token_hash)
    token = session.get(RefreshToken, token_hash)
    if token is None:
        return None
    db.run(tenancy.SET_TENANT, tenancy.as_params(Tenant(user_id=token.user_id)))
    return session.scalar(select(Login).where(Login.id == token.login_id).with_for_update())


def _is_superseded(token: RefreshToken) -> bool:
    """Whether its successor has been used, or another successor of the same token, as older releases handed out."""
    another = and_(RefreshToken.replaces == token.replaces, RefreshToken.hash != token.hash)
    used = exists().where(
        RefreshToken.login_id == token.login_id, RefreshToken.used_at.is_not(None),
        (RefreshToken.replaces == token.hash) | another,
    )  # fmt: skip
    return bool(db.session().scalar(select(used)))


def _opened(login: Login, refresh_token: str, now: datetime, *, replaces: bytes | None) -> Opened:
    """The login, kept for LASTS more, and this refresh token of it, which a repeated request has added before."""
    login.lapses_at = now + LASTS
    session = db.session()
    session.flush()  # the login's row before the token's
    added = insert(RefreshToken).values(
        hash=secret_tokens.hash_of(refresh_token), replaces=replaces, user_id=login.user_id, login_id=login.id,
        expires_at=login.lapses_at,
    )  # fmt: skip
    session.execute(added.on_conflict_do_nothing())
    return Opened(login, refresh_token)


def _live(now: datetime) -> ColumnElement[bool]:
    return and_(Login.ended_at.is_(None), Login.lapses_at > now)
