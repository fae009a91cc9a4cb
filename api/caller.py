"""Who makes the request: what their access token says of them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import g

from domain.identity.models import Membership
from domain.shops.errors import ShopNotFound

CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class Caller:
    """A user, as a member acting for a company (perhaps in one shop of it), or as a customer acting for none."""

    user_id: UUID
    role: str = CUSTOMER
    company_id: UUID | None = None
    shop_id: UUID | None = None

    @classmethod
    def as_member(cls, user_id: UUID, membership: Membership | None, *, company_id: UUID | None) -> "Caller":
        """The user in that role; a customer where there is none."""
        if membership is None:
            return cls(user_id)
        return cls(user_id, membership.role, company_id, membership.shop_id)

    @classmethod
    def from_claims(cls, claims: dict[str, Any]) -> "Caller":
        """The caller an access or refresh token was made for."""
        company_id, shop_id = (claims.get(name) for name in ("company_id", "shop_id"))
        return cls(
            UUID(claims["sub"]),
            claims["role"],
            UUID(company_id) if company_id else None,
            UUID(shop_id) if shop_id else None,
        )

    def claims(self) -> dict[str, str | None]:
        """What a token says of the caller, beside its subject."""
        return {
            "role": self.role,
            "company_id": str(self.company_id) if self.company_id else None,
            "shop_id": str(self.shop_id) if self.shop_id else None,
        }

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
