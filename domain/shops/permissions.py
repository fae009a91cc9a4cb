"""The permissions for shops, their locations and their staff."""

from kit.permissions import Permission

VIEW_SHOPS = Permission(
    "view_shops", "View shops, their locations and opening hours.", lowest_role="customer", api_keys=True
)
READ_SHOPS = Permission(
    "read_shops", "Read all shops of the company, including closed ones.", lowest_role="staff", api_keys=True
)
WRITE_SHOPS = Permission("write_shops", "Create, change and close shops.", lowest_role="company_admin", api_keys=True)
WRITE_LOCATIONS = Permission(
    "write_locations", "Create, change and delete locations of shops.", lowest_role="shop_manager", api_keys=True
)
READ_STAFF = Permission("read_staff", "Read the members of one shop.", lowest_role="shop_manager", api_keys=True)
