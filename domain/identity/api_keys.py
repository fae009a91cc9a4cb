"""API keys: how machines act for a company, with some of what their makers may do there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from domain.identity import queries
from domain.identity.errors import KeyInvalid, KeyNotFound, NotAMember, NotYoursToGive
from domain.identity.models import ApiKey
from domain.identity.permissions import FOR_MACHINES, Permission, Powers, for_machines, powers_of
from kit import db, secret_tokens, tenancy
from kit.errors import Invalid
from kit.ids import new_id
from kit.paging import page
from kit.tenancy import Tenant

MARK = "ox_"
"""What every key begins with, by which we, and whoever looks for leaked secrets, know it for one."""
_SHOWN = len(MARK) + 8
"""Characters of a key that lists show, to tell it from others by."""
_NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a key was used last, so that not every request writes."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A key that is good now, and what it may do: no more than its maker may, by now."""

    key: ApiKey
    powers: Powers


def make(
    *, company_id: UUID, made_by: UUID, name: str, permissions: Iterable[Permission], shop_id: UUID | None,
    expires_at: datetime, by: Powers,
) -> tuple[ApiKey, str]:  # fmt: skip
    """A new key of the company, or of the one shop of it, and its secret, which nobody can tell a second time.

    Raises NotYoursToGive for more than its maker holds, or than machines may; Invalid, for a key of one shop, when that
    is about more than a shop.
    """
    powers = Powers(frozenset(permissions), shop_id)
    by.refuse_beyond(powers)
    if not powers.permissions <= FOR_MACHINES:
        raise NotYoursToGive
    too_wide = powers.permissions - for_machines(shop_id)
    if too_wide:
        fault = f"These hold in all of a company, and not in one shop of it: {', '.join(sorted(too_wide))}."
        raise Invalid(fields={"permissions": [fault]})
    secret, session = MARK + secret_tokens.new_token(), db.session()
    key = ApiKey(
        id=new_id(), company_id=company_id, shop_id=shop_id, made_by=made_by, name=name, prefix=secret[:_SHOWN],
        hash=secret_tokens.hash_of(secret), permissions=sorted(powers.permissions), expires_at=expires_at,
    )  # fmt: skip
    session.add(key)
    session.flush()
    session.refresh(key)
    return key, secret


def admit(*, secret: str, now: datetime) -> Admitted:
    """Whose key it is and what it may do; notes that it was used, and acts for its maker from here on.

    Raises KeyInvalid.
    """
    session, secret_hash = db.session(), secret_tokens.hash_of(secret)
    tenancy.reveal_by_token(session, secret_hash)
    key = session.scalar(select(ApiKey).where(ApiKey.hash == secret_hash))
    if key is None or key.revoked_at or key.expires_at <= now:
        raise KeyInvalid
    db.run(tenancy.SET_TENANT, tenancy.as_params(Tenant(key.company_id, key.made_by)))
    powers = Powers(frozenset(each for each in _of_the_maker(key) if each in key.permissions), key.shop_id)
    if key.used_at is None or key.used_at <= now - _NOTED_EVERY:
        session.execute(update(ApiKey).where(ApiKey.id == key.id).values(used_at=now))
    return Admitted(key, powers)


def keys(*, company_id: UUID, limit: int, after: UUID | None = None) -> list[ApiKey]:
    """The company's keys, the oldest first, from behind `after`."""
    query = select(ApiKey).where(ApiKey.company_id == company_id)
    return list(db.session().scalars(page(query, ApiKey.id, limit=limit, after=after)))


def revoke(*, key_id: UUID, company_id: UUID, now: datetime) -> None:
    """Let a key be good no more, at once; raises KeyNotFound, also when it has been revoked before."""
    good = update(ApiKey).where(ApiKey.id == key_id, ApiKey.company_id == company_id, ApiKey.revoked_at.is_(None))
    if db.session().scalar(good.values(revoked_at=now).returning(ApiKey.id)) is None:
        raise KeyNotFound


def _of_the_maker(key: ApiKey) -> frozenset[Permission]:
    """What machines of the key's maker may do where it is for; raises KeyInvalid when they have no role there now."""
    try:
        membership = queries.membership_in(user_id=key.made_by, company_id=key.company_id)
    except NotAMember:
        raise KeyInvalid from None
    if membership.shop_id not in (None, key.shop_id):
        raise KeyInvalid
    return powers_of(membership.role).permissions & for_machines(key.shop_id)
