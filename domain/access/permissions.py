"""All permissions, the roles that have them, and the rule for granting them to others."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from domain.access.errors import InsufficientPrivileges

Permission = Literal[
    "manage_own_account",
    "create_companies", "read_companies", "write_companies", "read_company_history", "close_companies",
    "suspend_companies",
    "read_members", "write_members",
    "read_api_keys", "write_api_keys",
    "view_shops", "read_shops", "write_shops", "write_locations", "read_staff",
    "read_customers", "write_customers",
    "read_products", "write_products",
    "read_stock", "write_stock",
    "read_warehouses", "write_warehouses",
    "place_orders", "apply_discounts", "read_orders", "cancel_orders",
    "export_orders", "read_jobs",
    "read_incidents", "resolve_incidents",
    "access_all_companies",
]  # fmt: skip

_CUSTOMER: frozenset[Permission] = frozenset({
    "manage_own_account", "create_companies", "read_companies", "view_shops", "read_products", "place_orders",
    "read_orders", "cancel_orders",
})  # fmt: skip
_STAFF: frozenset[Permission] = _CUSTOMER | {
    "read_shops", "read_customers", "write_customers", "read_stock", "write_stock", "read_warehouses",
    "apply_discounts",
}  # fmt: skip
_SHOP_MANAGER: frozenset[Permission] = _STAFF | {
    "write_products", "write_locations", "read_staff", "read_members", "write_members",
}  # fmt: skip
_COMPANY_ADMIN: frozenset[Permission] = _SHOP_MANAGER | {
    "write_companies", "read_company_history", "close_companies", "read_api_keys", "write_api_keys",
    "write_shops", "write_warehouses",
    "export_orders", "read_jobs",
    "read_incidents", "resolve_incidents",
}  # fmt: skip

ROLES: dict[str, frozenset[Permission]] = {
    "super_admin": _COMPANY_ADMIN | {"suspend_companies", "access_all_companies"},
    "company_admin": _COMPANY_ADMIN,
    "shop_manager": _SHOP_MANAGER,
    "staff": _STAFF,
    "customer": _CUSTOMER,
}
"""The permissions of each role. A role applies to a company or to one shop; a customer's to the customer's own data."""

API_KEY_PERMISSIONS: frozenset[Permission] = frozenset({
    "read_companies", "write_companies", "read_company_history",
    "read_members",
    "read_api_keys",
    "view_shops", "read_shops", "write_shops", "write_locations", "read_staff",
    "read_customers", "write_customers",
    "read_products", "write_products",
    "read_stock", "write_stock",
    "read_warehouses", "write_warehouses",
    "read_orders", "cancel_orders",
    "export_orders", "read_jobs",
    "read_incidents", "resolve_incidents",
})  # fmt: skip
"""The permissions that API keys can have. An allow list: new permissions are not available to keys until added here.

Left out are permissions that only make sense for a person, and those that grant permissions to others.
"""


def api_key_permissions(shop_id: UUID | None) -> frozenset[Permission]:
    """The permissions that a key of the company can have; a key of one shop, at most those of a shop manager."""
    return API_KEY_PERMISSIONS if shop_id is None else API_KEY_PERMISSIONS & _SHOP_MANAGER


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """Permissions in a whole company, or in one shop of it."""

    permissions: frozenset[Permission]
    shop_id: UUID | None = None

    def require_superset_of(self, others: "PermissionSet") -> None:
        """Raise InsufficientPrivileges unless these permissions include all of the others, in the same scope.

        Every grant and every revocation of permissions must pass this check.
        """
        if not (others.permissions <= self.permissions and self.shop_id in (None, others.shop_id)):
            raise InsufficientPrivileges


def permissions_of(role: str, shop_id: UUID | None = None) -> PermissionSet:
    """Return the role's permissions in a whole company, or in one shop of it."""
    return PermissionSet(ROLES[role], shop_id)


COMPANY_CREATOR = permissions_of("company_admin")
"""The creator of a company has all permissions of an admin, and can grant them."""


def roles_with(permission: Permission) -> list[str]:
    """List the roles that have the permission, the highest first."""
    return [role for role, permissions in ROLES.items() if permission in permissions]
