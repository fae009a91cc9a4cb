"""Who makes the request: what their access token says of them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import g

from domain.identity.api_keys import AuthenticatedKey
from domain.identity.models import Membership, UserSession
from domain.identity.permissions import Permission, PermissionSet, permissions_of
from domain.identity.roles import CUSTOMER
from domain.shops.errors import ShopNotFound

SUPER_ADMIN = "super_admin"
MACHINE = "api_key"


@dataclass(frozen=True, slots=True)
class Caller:
    """A user, as a member acting for a company (perhaps in one shop of it), or as a customer acting for none.

    `session_id` is the session in which they do so. A machine has none, but `permissions` of its own, and its key's id
    stands for the user's: so it sees no user's own rows, and what it does is written down as the key's.
    """

    user_id: UUID
    session_id: UUID | None
    role: str = CUSTOMER
    company_id: UUID | None = None
    shop_id: UUID | None = None
    permissions: frozenset[Permission] | None = None

    @classmethod
    def of_key(cls, admitted: AuthenticatedKey) -> "Caller":
        """The machine that holds the key."""
        key = admitted.key
        return cls(key.id, None, MACHINE, key.company_id, key.shop_id, admitted.permission_set.permissions)

    @classmethod
    def at(cls, user_session: UserSession, membership: Membership | None) -> "Caller":
        """The user of the session, in that role at the session's company; a customer where there is none."""
        if membership is None:
            return cls(user_session.user_id, user_session.id)
        return cls(user_session.user_id, user_session.id, membership.role, user_session.acts_for, membership.shop_id)

    @classmethod
    def from_claims(cls, claims: dict[str, Any]) -> "Caller":
        """The caller an access token was made for."""
        company_id, shop_id = (claims.get(name) for name in ("company_id", "shop_id"))
        return cls(
            UUID(claims["sub"]),
            UUID(claims["sid"]),
            claims["role"],
            UUID(company_id) if company_id else None,
            UUID(shop_id) if shop_id else None,
        )

    def claims(self) -> dict[str, str | None]:
        """What a token says of the caller."""
        return {
            "sub": str(self.user_id),
            "sid": str(self.session_id),
            "role": self.role,
            "company_id": str(self.company_id) if self.company_id else None,
            "shop_id": str(self.shop_id) if self.shop_id else None,
        }

    @property
    def permission_set(self) -> PermissionSet:
        """What the caller may do here, and so may give to others."""
        if self.permissions is not None:
            return PermissionSet(self.permissions, self.shop_id)
        return permissions_of(self.role, self.shop_id)

    @property
    def sells(self) -> bool:
        """Whether the caller acts for a company that sells, not as a customer."""
        return self.role != CUSTOMER

    def narrow(self, shop_id: UUID | None) -> UUID | None:
        """The shop to keep to, None for all: the one asked for, or the only one a member works in.

        Raises ShopNotFound when a member of one shop asks for another.
        """
        if self.shop_id is not None and shop_id not in (None, self.shop_id):
            raise ShopNotFound
        return shop_id or self.shop_id


def current_caller() -> Caller:
    """Who makes this request; on public endpoints there is nobody (AttributeError)."""
    caller: Caller = g.caller
    return caller
