"""The permissions for the company's customers."""

from kit.permissions import Permission

READ_CUSTOMERS = Permission(
    "read_customers", "Read customers, their addresses and their groups.", lowest_role="staff", api_keys=True
)
WRITE_CUSTOMERS = Permission(
    "write_customers", "Create, change and merge customers, their addresses and their groups.", lowest_role="staff",
    api_keys=True,
)  # fmt: skip
ERASE_CUSTOMERS = Permission(
    "erase_customers", "Erase the personal data of guests.", lowest_role="company_admin", api_keys=True
)
EXPORT_CUSTOMERS = Permission(
    "export_customers", "Export all customers of the company, with their contact data.", lowest_role="company_admin",
    api_keys=True,
)  # fmt: skip
