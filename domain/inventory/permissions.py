"""The permissions for stock and warehouses."""

from kit.permissions import Permission

READ_STOCK = Permission("read_stock", "Read stock levels.", lowest_role="staff", api_keys=True)
WRITE_STOCK = Permission("write_stock", "Set stock levels.", lowest_role="staff", api_keys=True)
READ_WAREHOUSES = Permission("read_warehouses", "Read warehouses.", lowest_role="staff", api_keys=True)
WRITE_WAREHOUSES = Permission("write_warehouses", "Create warehouses.", lowest_role="company_admin", api_keys=True)
