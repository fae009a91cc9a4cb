"""The permissions that the areas declare, the roles that have them, and the rule for granting them to others."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from domain.access.errors import ExceedsOwnPermissions
from kit.permissions import Permission

ROLES = ("super_admin", "company_admin", "shop_manager", "staff", "customer")
"""The roles, the highest first; each has all permissions of the lower ones.

A role applies to a company or to one shop; a customer's to the customer's own data.
"""
_HIGHEST_ROLE_IN_A_SHOP = "shop_manager"

_DECLARED: dict[str, Permission] = {}
_BY_ROLE: dict[str, frozenset[str]] = {}


def register(permissions: Mapping[str, Permission]) -> None:
    """Set the permissions of all areas, by name; raises ValueError for one whose lowest role does not exist."""
    for each in permissions.values():
        if each.lowest_role not in ROLES:
            raise ValueError(f"the permission {each.name} names a role that does not exist: {each.lowest_role}")
    _DECLARED.clear()
    _DECLARED.update(permissions)
    for rank, role in enumerate(ROLES):
        _BY_ROLE[role] = frozenset(each.name for each in permissions.values() if each.lowest_role in ROLES[rank:])


def declared() -> Mapping[str, Permission]:
    """All permissions by name, in the order of the areas; raises LookupError before `register` was called."""
    if not _DECLARED:
        raise LookupError("this process has registered no permissions: call domain.areas.register() at its start")
    return _DECLARED


def api_key_permissions(shop_id: UUID | None = None) -> frozenset[str]:
    """The permissions that a key of the company can have; a key of one shop, at most those of a shop manager.

    An allow list: keys can have only what declares so. Left out are permissions that only make sense for a person, and
    permissions to grant permissions to others.
    """
    for_keys = frozenset(each.name for each in declared().values() if each.api_keys)
    return for_keys if shop_id is None else for_keys & _BY_ROLE[_HIGHEST_ROLE_IN_A_SHOP]


@dataclass(frozen=True, slots=True)
class PermissionSet:
    """Permissions, by name, in a whole company, or in one shop of it."""

    permissions: frozenset[str]
    shop_id: UUID | None = None

    def includes(self, permission: Permission) -> bool:
        """Whether the permission is one of these, in whichever scope."""
        return permission.name in self.permissions

    def require_superset_of(self, others: "PermissionSet") -> None:
        """Raise ExceedsOwnPermissions unless these permissions include all of the others, in the same scope.

        Every grant and every revocation of permissions must pass this check.
        """
        if not (others.permissions <= self.permissions and self.shop_id in (None, others.shop_id)):
            raise ExceedsOwnPermissions


def permissions_of(role: str, shop_id: UUID | None = None) -> PermissionSet:
    """Return the role's permissions in a whole company, or in one shop of it; raises LookupError as `declared` does."""
    declared()
    return PermissionSet(_BY_ROLE[role], shop_id)


def company_creator_permissions() -> PermissionSet:
    """The permissions of the creator of a company: all those of an admin, who can grant them."""
    return permissions_of("company_admin")


def roles_with(permission: str) -> list[str]:
    """List the roles that have the permission, the highest first; raises KeyError if no area declares it."""
    return [*ROLES[: ROLES.index(declared()[permission].lowest_role) + 1]]
