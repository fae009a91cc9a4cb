"""The permissions for payments and refunds."""

from kit.permissions import Permission

READ_PAYMENTS = Permission(
    "read_payments",
    "Read payments and refunds of orders, and what could be refunded.",
    lowest_role="staff",
    api_keys=True,
    while_suspended=True,
)
GRANT_REFUNDS = Permission(
    "grant_refunds", "Grant and withdraw refunds.", lowest_role="staff", api_keys=True, while_suspended=True
)
EXECUTE_REFUNDS = Permission(
    "execute_refunds",
    "Execute granted refunds, by which money is paid back.",
    lowest_role="shop_manager",
    api_keys=True,
    while_suspended=True,
)
