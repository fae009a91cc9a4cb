"""One-time links sent by email, which verify an address or reset a password."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import update

from domain.accounts.errors import LinkExpired
from domain.accounts.models import OneTimeLink
from kit import db, secret_tokens, tenancy
from kit.tenancy import Tenant

Purpose = Literal["verify_email", "reset_password"]

LIFETIMES: dict[Purpose, timedelta] = {"verify_email": timedelta(hours=24), "reset_password": timedelta(hours=1)}


def create(*, user_id: UUID, purpose: Purpose, now: datetime) -> str:
    """Create a link for the current user and return its token.

    Earlier links stay valid, because somebody else may have requested this one.
    """
    token, session = secret_tokens.new_token(), db.session()
    link = OneTimeLink(
        hash=secret_tokens.hash_of(token), user_id=user_id, purpose=purpose, expires_at=now + LIFETIMES[purpose]
    )
    session.add(link)
    session.flush()
    return token


def user_of(*, token: str, purpose: Purpose, now: datetime) -> UUID:
    """Return the user of a link without using it up; the rest of the transaction acts for this user.

    Raises LinkExpired when the link has been used, has expired or does not exist.
    """
    session, token_hash = db.session(), secret_tokens.hash_of(token)
    tenancy.reveal_by_token(session, token_hash)
    link = session.get(OneTimeLink, token_hash)
    if link is None or link.purpose != purpose or link.used_at is not None or link.expires_at <= now:
        raise LinkExpired
    db.act_for(Tenant(user_id=link.user_id))
    return link.user_id


def redeem(*, token: str, purpose: Purpose, now: datetime) -> UUID:
    """Use up a link and return its user; the rest of the transaction acts for this user.

    All other links of the user are used up, too, because each of them could set the password again.
    Raises LinkExpired as `user_of` does.
    """
    user_id = user_of(token=token, purpose=purpose, now=now)
    unused = (
        update(OneTimeLink).where(OneTimeLink.user_id == user_id, OneTimeLink.used_at.is_(None)).values(used_at=now)
    )
    if secret_tokens.hash_of(token) not in db.session().scalars(unused.returning(OneTimeLink.hash)).all():
        raise LinkExpired
    return user_id
