"""The permission to import files. Each kind of import also requires the permission to write its rows."""

from kit.permissions import Permission

RUN_IMPORTS = Permission(
    "run_imports", "Import files, with the permission to write what they contain.", lowest_role="company_admin",
    api_keys=True,
)  # fmt: skip
