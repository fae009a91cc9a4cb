"""The permission for a user's own account."""

from kit.permissions import Permission

MANAGE_OWN_ACCOUNT = Permission(
    "manage_own_account",
    "Read, change, export and erase one's own account, and leave companies.",
    lowest_role="customer",
    while_suspended=True,
)
