"""The permissions for companies."""

from kit.permissions import Permission

CREATE_COMPANIES = Permission(
    "create_companies", "Create a company and become its admin.", lowest_role="customer", while_suspended=True
)
READ_COMPANIES = Permission("read_companies", "Read the company.", lowest_role="customer", api_keys=True)
WRITE_COMPANIES = Permission("write_companies", "Change the company.", lowest_role="company_admin", api_keys=True)
READ_COMPANY_HISTORY = Permission(
    "read_company_history", "Read the changes of the company.", lowest_role="company_admin", api_keys=True
)
CLOSE_COMPANIES = Permission(
    "close_companies", "Request the deletion of the company.", lowest_role="company_admin", while_suspended=True
)
SUSPEND_COMPANIES = Permission(
    "suspend_companies", "Suspend and resume companies.", lowest_role="super_admin", while_suspended=True
)
