"""What may be done: the one catalogue of permissions, and what each role is made of."""

from typing import Literal

Permission = Literal[
    "be_oneself",
    "found_companies", "read_companies", "write_companies",
    "read_members", "write_members",
    "visit_shops", "read_shops", "write_shops",
    "read_products", "write_products",
    "read_stock", "write_stock",
    "read_warehouses", "write_warehouses",
    "place_orders", "read_orders", "cancel_orders",
    "read_incidents", "settle_incidents",
]  # fmt: skip

_CUSTOMER: frozenset[Permission] = frozenset({
    "be_oneself", "found_companies", "read_companies", "visit_shops", "read_products", "place_orders", "read_orders",
    "cancel_orders",
})  # fmt: skip
_STAFF: frozenset[Permission] = _CUSTOMER | {"read_shops", "read_stock", "write_stock", "read_warehouses"}
_SHOP_MANAGER: frozenset[Permission] = _STAFF | {"write_products"}
_COMPANY_ADMIN: frozenset[Permission] = _SHOP_MANAGER | {
    "write_companies", "read_members", "write_members", "write_shops", "write_warehouses", "read_incidents",
    "settle_incidents",
}  # fmt: skip

ROLES: dict[str, frozenset[Permission]] = {
    "super_admin": _COMPANY_ADMIN,
    "company_admin": _COMPANY_ADMIN,
    "shop_manager": _SHOP_MANAGER,
    "staff": _STAFF,
    "customer": _CUSTOMER,
}
"""What each role may do, where it is held: in a company, in one shop of it, or as a customer with what is one's own."""


def roles_with(permission: Permission) -> list[str]:
    """The roles that hold the permission, the mightiest first."""
    return [role for role, held in ROLES.items() if permission in held]
