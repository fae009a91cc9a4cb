"""The permissions for orders."""

from kit.permissions import Permission

PLACE_ORDERS = Permission("place_orders", "Place orders.", lowest_role="customer")
APPLY_DISCOUNTS = Permission("apply_discounts", "Give a discount on an order.", lowest_role="staff")
READ_ORDERS = Permission("read_orders", "Read orders and their sagas.", lowest_role="customer", api_keys=True)
CANCEL_ORDERS = Permission(
    "cancel_orders", "Cancel orders.", lowest_role="customer", api_keys=True, while_suspended=True
)
EXPORT_ORDERS = Permission(
    "export_orders", "Export all orders of the company.", lowest_role="company_admin", api_keys=True
)
