"""The roles of users in companies."""

from collections.abc import Iterable
from typing import Literal

from domain.access.models import Membership

Role = Literal["super_admin", "company_admin", "shop_manager", "staff"]

CUSTOMER = "customer"
"""The role of every user without a membership."""
_ROLE_RANK = ("super_admin", "company_admin", "shop_manager", "staff")


def highest(memberships: Iterable[Membership]) -> Membership | None:
    """Return the membership with the highest role; of equal roles, one in the whole company before one in a shop."""
    return min(memberships, key=lambda m: (_ROLE_RANK.index(m.role), m.shop_id is not None), default=None)
