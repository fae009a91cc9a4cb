"""The permissions for products."""

from kit.permissions import Permission

READ_PRODUCTS = Permission("read_products", "Read products and their prices.", lowest_role="customer", api_keys=True)
WRITE_PRODUCTS = Permission("write_products", "Create and change products.", lowest_role="shop_manager", api_keys=True)
READ_CATEGORIES = Permission("read_categories", "Read categories of products.", lowest_role="staff", api_keys=True)
WRITE_CATEGORIES = Permission(
    "write_categories", "Create, change, move and delete categories of products.", lowest_role="company_admin",
    api_keys=True,
)  # fmt: skip
