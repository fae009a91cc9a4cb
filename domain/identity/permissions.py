"""What may be done: the one catalogue of permissions, what each role is made of, and who may give what to others."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from domain.identity.errors import NotYoursToGive

Permission = Literal[
    "be_oneself",
    "found_companies", "read_companies", "write_companies", "read_history", "close_companies", "suspend_companies",
    "read_members", "write_members",
    "read_keys", "write_keys",
    "visit_shops", "read_shops", "write_shops", "write_locations", "read_staff",
    "read_products", "write_products",
    "read_stock", "write_stock",
    "read_warehouses", "write_warehouses",
    "place_orders", "give_discount", "read_orders", "cancel_orders",
    "read_incidents", "settle_incidents",
    "see_all_companies",
]  # fmt: skip

_CUSTOMER: frozenset[Permission] = frozenset({
    "be_oneself", "found_companies", "read_companies", "visit_shops", "read_products", "place_orders", "read_orders",
    "cancel_orders",
})  # fmt: skip
_STAFF: frozenset[Permission] = _CUSTOMER | {
    "read_shops", "read_stock", "write_stock", "read_warehouses", "give_discount",
}  # fmt: skip
_SHOP_MANAGER: frozenset[Permission] = _STAFF | {
    "write_products", "write_locations", "read_staff", "read_members", "write_members",
}  # fmt: skip
_COMPANY_ADMIN: frozenset[Permission] = _SHOP_MANAGER | {
    "write_companies", "read_history", "close_companies", "read_keys", "write_keys",
    "write_shops", "write_warehouses",
    "read_incidents", "settle_incidents",
}  # fmt: skip

ROLES: dict[str, frozenset[Permission]] = {
    "super_admin": _COMPANY_ADMIN | {"suspend_companies", "see_all_companies"},
    "company_admin": _COMPANY_ADMIN,
    "shop_manager": _SHOP_MANAGER,
    "staff": _STAFF,
    "customer": _CUSTOMER,
}
"""What each role may do, where it is held: in a company, in one shop of it, or as a customer with what is one's own."""

FOR_MACHINES: frozenset[Permission] = frozenset({
    "read_companies", "write_companies", "read_history",
    "read_members",
    "read_keys",
    "visit_shops", "read_shops", "write_shops", "write_locations", "read_staff",
    "read_products", "write_products",
    "read_stock", "write_stock",
    "read_warehouses", "write_warehouses",
    "read_orders", "cancel_orders",
    "read_incidents", "settle_incidents",
})  # fmt: skip
"""What API keys may be for: not what makes sense for a person alone, nor handing out powers.

An allow list: keys do not get a permission that is new.
"""


def for_machines(shop_id: UUID | None) -> frozenset[Permission]:
    """What keys of all of a company may be for, or of one shop of it: there, no more than whoever manages it may do."""
    return FOR_MACHINES if shop_id is None else FOR_MACHINES & _SHOP_MANAGER


@dataclass(frozen=True, slots=True)
class Powers:
    """What somebody may do, in all of a company or in one shop of it."""

    permissions: frozenset[Permission]
    shop_id: UUID | None = None

    def refuse_beyond(self, others: "Powers") -> None:
        """Raise NotYoursToGive unless all that the others may do, where they may, is theirs as well.

        The one rule for whatever hands out powers or takes them away.
        """
        if not (others.permissions <= self.permissions and self.shop_id in (None, others.shop_id)):
            raise NotYoursToGive


def powers_of(role: str, shop_id: UUID | None = None) -> Powers:
    """What the role is made of, in all of a company or in the one shop of it."""
    return Powers(ROLES[role], shop_id)


FOUNDER = powers_of("company_admin")
"""Who founds a company holds it whole, and so may give it away."""


def roles_with(permission: Permission) -> list[str]:
    """The roles that hold the permission, the mightiest first."""
    return [role for role, held in ROLES.items() if permission in held]
