"""The permissions for members and API keys, and those for what serves all areas: jobs, incidents, and all companies."""

from kit.permissions import Permission

READ_MEMBERS = Permission(
    "read_members", "Read the members and invitations of the company.", lowest_role="shop_manager", api_keys=True
)
WRITE_MEMBERS = Permission("write_members", "Invite and remove members of the company.", lowest_role="shop_manager")
READ_API_KEYS = Permission(
    "read_api_keys", "Read the API keys of the company, without their secrets.", lowest_role="company_admin",
    api_keys=True,
)  # fmt: skip
WRITE_API_KEYS = Permission("write_api_keys", "Create and revoke API keys.", lowest_role="company_admin")
ACCESS_ALL_COMPANIES = Permission("access_all_companies", "Read incidents of all companies.", lowest_role="super_admin")

READ_JOBS = Permission(
    "read_jobs", "Read the company's jobs and download their results.", lowest_role="company_admin", api_keys=True
)
READ_INCIDENTS = Permission(
    "read_incidents", "Read incidents of stuck sagas.", lowest_role="company_admin", api_keys=True
)
RESOLVE_INCIDENTS = Permission(
    "resolve_incidents", "Retry, skip, compensate or end stuck sagas.", lowest_role="company_admin", api_keys=True,
    while_suspended=True,
)  # fmt: skip
