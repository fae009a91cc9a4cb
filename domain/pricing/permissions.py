"""The permissions for prices."""

from kit.permissions import Permission

READ_PRICES = Permission("read_prices", "Read price lists and prices.", lowest_role="staff", api_keys=True)
WRITE_PRICES = Permission(
    "write_prices", "Create and change price lists.", lowest_role="company_admin", api_keys=True
)  # fmt: skip
