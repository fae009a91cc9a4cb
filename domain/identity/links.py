"""Links in mails: each good for one use within its time, by whoever reads the mail."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import update

from domain.identity.errors import LinkOver
from domain.identity.models import Link
from kit import db, secret_tokens, tenancy
from kit.tenancy import Tenant

Purpose = Literal["verify_email", "reset_password"]

LASTS: dict[Purpose, timedelta] = {"verify_email": timedelta(hours=24), "reset_password": timedelta(hours=1)}


def issue(*, user_id: UUID, purpose: Purpose, now: datetime) -> str:
    """The token of a new link for the current user. Earlier ones stay good: somebody else may have asked for this."""
    token, session = secret_tokens.new_token(), db.session()
    link = Link(hash=secret_tokens.hash_of(token), user_id=user_id, purpose=purpose, expires_at=now + LASTS[purpose])
    session.add(link)
    session.flush()
    return token


def holder(*, token: str, purpose: Purpose, now: datetime) -> UUID:
    """Find the user whom a link was mailed to, and act for them from here on; the link stays good.

    Raises LinkOver when it was used before, has lapsed, or never was.
    """
    session, token_hash = db.session(), secret_tokens.hash_of(token)
    tenancy.reveal_by_token(session, token_hash)
    link = session.get(Link, token_hash)
    if link is None or link.purpose != purpose or link.used_at is not None or link.expires_at <= now:
        raise LinkOver
    db.run(tenancy.SET_TENANT, tenancy.as_params(Tenant(user_id=link.user_id)))
    return link.user_id


def use(*, token: str, purpose: Purpose, now: datetime) -> UUID:
    """Use a link up, with all others of its user, and act for them from here on; who that is.

    The others go, too, because each of them could set the password once more. Raises LinkOver as `holder` does.
    """
    user_id = holder(token=token, purpose=purpose, now=now)
    unused = update(Link).where(Link.user_id == user_id, Link.used_at.is_(None)).values(used_at=now)
    if secret_tokens.hash_of(token) not in db.session().scalars(unused.returning(Link.hash)).all():
        raise LinkOver
    return user_id
