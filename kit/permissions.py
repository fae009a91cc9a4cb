"""Permissions: what each allows, and who can have it. Each area declares its own in `domain/<area>/permissions.py`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission that routes require by its `name`. `allows` says in a sentence what its holder may do.

    `lowest_role` and all higher roles have it. API keys can have it only if `api_keys` says so, and its writes to a
    suspended company are refused unless `while_suspended` says otherwise.
    """

    name: str
    allows: str
    lowest_role: str
    api_keys: bool = False
    while_suspended: bool = False
