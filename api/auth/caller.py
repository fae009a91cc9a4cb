"""The caller of a request: a user with their role, or an API key."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import g

from domain.access.api_keys import AuthenticatedKey
from domain.access.models import Membership
from domain.access.permission_sets import PermissionSet, permissions_of
from domain.access.roles import CUSTOMER
from domain.accounts.models import UserSession
from domain.shops.errors import ShopNotFound

SUPER_ADMIN = "super_admin"
API_KEY = "api_key"


@dataclass(frozen=True, slots=True)
class Caller:
    """A user with a role in a company (perhaps in one shop only), a customer, or an API key.

    `session_id` is the user's session; None for an API key. `permissions` are the API key's own; None for a user, whose
    role decides. For an API key, `user_id` is the id of the key: the key sees no rows of users, and its actions are
    recorded with this id.
    """

    user_id: UUID
    session_id: UUID | None
    role: str = CUSTOMER
    company_id: UUID | None = None
    shop_id: UUID | None = None
    permissions: frozenset[str] | None = None

    @classmethod
    def from_api_key(cls, authenticated: AuthenticatedKey) -> "Caller":
        """The caller who sent this API key."""
        key = authenticated.key
        return cls(key.id, None, API_KEY, key.company_id, key.shop_id, authenticated.permission_set.permissions)

    @classmethod
    def from_session(cls, user_session: UserSession, membership: Membership | None) -> "Caller":
        """The user of the session with the role of this membership; without one, as a customer."""
        if membership is None:
            return cls(user_session.user_id, user_session.id)
        return cls(
            user_session.user_id, user_session.id, membership.role, user_session.active_company_id, membership.shop_id
        )

    @classmethod
    def from_claims(cls, claims: dict[str, Any]) -> "Caller":
        """The caller that an access token describes."""
        company_id, shop_id = (claims.get(name) for name in ("company_id", "shop_id"))
        return cls(
            UUID(claims["sub"]),
            UUID(claims["sid"]),
            claims["role"],
            UUID(company_id) if company_id else None,
            UUID(shop_id) if shop_id else None,
        )

    def claims(self) -> dict[str, str | None]:
        """The claims of an access token for this caller."""
        return {
            "sub": str(self.user_id),
            "sid": str(self.session_id),
            "role": self.role,
            "company_id": str(self.company_id) if self.company_id else None,
            "shop_id": str(self.shop_id) if self.shop_id else None,
        }

    @property
    def permission_set(self) -> PermissionSet:
        """The caller's permissions, which are also the most that they can grant to others."""
        if self.permissions is not None:
            return PermissionSet(self.permissions, self.shop_id)
        return permissions_of(self.role, self.shop_id)

    @property
    def is_seller(self) -> bool:
        """Whether the caller acts for a company, not as a customer."""
        return self.role != CUSTOMER

    def restrict_to_shop(self, shop_id: UUID | None) -> UUID | None:
        """The shop to filter by, None for all: the requested one, or the only shop that the member works in.

        Raises ShopNotFound if a member of one shop requests another.
        """
        if self.shop_id is not None and shop_id not in (None, self.shop_id):
            raise ShopNotFound
        return shop_id or self.shop_id


def current_caller() -> Caller:
    """The caller of this request; raises AttributeError on public endpoints, which have none."""
    caller: Caller = g.caller
    return caller
