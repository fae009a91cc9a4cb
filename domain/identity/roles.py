"""What people may be in a company."""

from collections.abc import Iterable
from typing import Literal

from domain.identity.models import Membership

Role = Literal["super_admin", "company_admin", "shop_manager", "staff"]

CUSTOMER = "customer"
"""What everybody is, everywhere, without a role."""
_BY_MIGHT = ("super_admin", "company_admin", "shop_manager", "staff")


def strongest(memberships: Iterable[Membership]) -> Membership | None:
    """The membership that allows most: the higher role, then the whole company before one shop of it."""
    return min(memberships, key=lambda m: (_BY_MIGHT.index(m.role), m.shop_id is not None), default=None)
