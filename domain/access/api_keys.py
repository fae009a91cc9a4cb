"""API keys, with which programs act for a company, with at most the permissions of the user who created the key."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from domain.access import queries
from domain.access.errors import ApiKeyInvalid, ApiKeyNotFound, ExceedsOwnPermissions, NotAMember
from domain.access.events import API_KEY_CREATED, API_KEY_REVOKED, ApiKeyCreated, ApiKeyId
from domain.access.models import ApiKey
from domain.access.permission_sets import PermissionSet, api_key_permissions, permissions_of
from kit import db, secret_tokens, tenancy
from kit.errors import Invalid
from kit.ids import new_id
from kit.messaging import events
from kit.paging import Page, page
from kit.tenancy import Tenant

KEY_PREFIX = "ox_"
"""The first characters of every key. Secret scanners recognize leaked keys by it."""
_PREFIX_LENGTH = len(KEY_PREFIX) + 8
"""How many characters of a key its `prefix` has, by which users tell their keys apart."""
_LAST_USED_AT_PRECISION = timedelta(minutes=1)
"""`last_used_at` is updated at most this often, so that not every request writes."""


@dataclass(frozen=True, slots=True)
class AuthenticatedKey:
    """A valid key and its permissions: those it was created with that its creator still has."""

    key: ApiKey
    permission_set: PermissionSet


def create(
    *, company_id: UUID, created_by: UUID, name: str, permissions: Iterable[str], shop_id: UUID | None,
    expires_at: datetime, actor: PermissionSet,
) -> tuple[ApiKey, str]:  # fmt: skip
    """Create an API key of the company, or of one shop. Returns it with its secret, of which only the hash is stored.

    Raises ExceedsOwnPermissions for permissions that the creator does not have or that API keys cannot have, and
    Invalid for a shop's key with permissions that apply to the whole company only.
    """
    requested = PermissionSet(frozenset(permissions), shop_id)
    actor.require_superset_of(requested)
    if not requested.permissions <= api_key_permissions():
        raise ExceedsOwnPermissions
    company_wide = requested.permissions - api_key_permissions(shop_id)
    if company_wide:
        fault = f"These permissions apply to a whole company, not to one shop: {', '.join(sorted(company_wide))}."
        raise Invalid(fields={"permissions": [fault]})
    secret, session = KEY_PREFIX + secret_tokens.new_token(), db.session()
    key = ApiKey(
        id=new_id(), company_id=company_id, shop_id=shop_id, created_by=created_by, name=name,
        prefix=secret[:_PREFIX_LENGTH], hash=secret_tokens.hash_of(secret),
        permissions=sorted(requested.permissions), expires_at=expires_at,
    )  # fmt: skip
    session.add(key)
    session.flush()
    session.refresh(key)
    payload = ApiKeyCreated(
        key.id, shop_id=shop_id, permissions=[*key.permissions], created_by=created_by, expires_at=expires_at
    )
    events.publish(API_KEY_CREATED, payload, subject=key.id, company_id=company_id)
    return key, secret


def authenticate(*, secret: str, now: datetime) -> AuthenticatedKey:
    """Check a key's secret and return the key with its permissions; raises ApiKeyInvalid.

    The rest of the transaction acts for the key's creator at its company.
    """
    session, secret_hash = db.session(), secret_tokens.hash_of(secret)
    tenancy.reveal_by_token(session, secret_hash)
    key = session.scalar(select(ApiKey).where(ApiKey.hash == secret_hash))
    if key is None or key.revoked_at or key.expires_at <= now:
        raise ApiKeyInvalid
    db.act_for(Tenant(key.company_id, key.created_by))
    permissions = frozenset(each for each in _creator_permissions(key) if each in key.permissions)
    if key.last_used_at is None or key.last_used_at <= now - _LAST_USED_AT_PRECISION:
        session.execute(update(ApiKey).where(ApiKey.id == key.id).values(last_used_at=now))
    return AuthenticatedKey(key, PermissionSet(permissions, key.shop_id))


def keys(*, company_id: UUID, limit: int, after: UUID | None = None) -> Page[ApiKey]:
    """List the company's keys, the oldest first, after the one with the id `after`."""
    query = select(ApiKey).where(ApiKey.company_id == company_id)
    return page(query, ApiKey.id, limit=limit, after=after)


def revoke(*, key_id: UUID, company_id: UUID, now: datetime) -> None:
    """Revoke a key, effective immediately; raises ApiKeyNotFound, also when it has been revoked already."""
    unrevoked = update(ApiKey).where(ApiKey.id == key_id, ApiKey.company_id == company_id, ApiKey.revoked_at.is_(None))
    if db.session().scalar(unrevoked.values(revoked_at=now).returning(ApiKey.id)) is None:
        raise ApiKeyNotFound
    events.publish(API_KEY_REVOKED, ApiKeyId(key_id), subject=key_id, company_id=company_id)


def _creator_permissions(key: ApiKey) -> frozenset[str]:
    """Permissions that the key's creator has now and API keys can have; raises ApiKeyInvalid when they have no role."""
    try:
        membership = queries.membership_in(user_id=key.created_by, company_id=key.company_id)
    except NotAMember:
        raise ApiKeyInvalid from None
    if membership.shop_id not in (None, key.shop_id):
        raise ApiKeyInvalid
    return permissions_of(membership.role).permissions & api_key_permissions(key.shop_id)
