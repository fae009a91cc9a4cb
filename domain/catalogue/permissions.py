"""The permissions for products."""

from kit.permissions import Permission

READ_PRODUCTS = Permission("read_products", "Read products and their prices.", lowest_role="customer", api_keys=True)
WRITE_PRODUCTS = Permission("write_products", "Create and change products.", lowest_role="shop_manager", api_keys=True)
