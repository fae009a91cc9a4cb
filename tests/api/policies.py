"""The policies of all areas: what each role may reach by each endpoint, as `tests/api/<area>/policy.py` says.

An area's POLICY has a row for each endpoint. What the word in the column of a role means:

-        the role does not have the permission
nobody   the role has the permission, but reaches no rows by it
own      the customer's own orders
shop     rows of the caller's shop
company  rows of any shop of the caller's company
anyone   rows of any shop
yes      the endpoint acts on the caller's own account, or creates something new

The last column says whether the endpoint works while the company is suspended. PUBLIC has the endpoints that need no
token. BODIES and QUERIES are valid requests, with ids of the world (`tests/api/world.py`) as placeholders; LISTED names
the id that a list shows; LAST has the endpoints that end what others need.
`rows(at)` creates what the area's endpoints need.
"""

import importlib
from collections import ChainMap
from pathlib import Path

from domain.areas import AREAS

HERE = Path(__file__).parent
NO_AREAS = ("jobs", "incidents", "health", "http")
"""Packages of `api` that are no areas and have endpoints."""
MODULES = {
    area: importlib.import_module(f"tests.api.{area}.policy")
    for area in (*AREAS, *NO_AREAS)
    if (HERE / area / "policy.py").exists()
}
ROLES = ("super_admin", "company_admin", "shop_manager", "staff", "customer")
COLUMNS = ["endpoint", *ROLES, "suspended"]


def _table(area):
    head, *rows = [line.split() for line in getattr(MODULES[area], "POLICY", "").splitlines() if line] or [COLUMNS]
    assert head == COLUMNS, area
    return {endpoint: dict(zip(COLUMNS[1:], cells, strict=True)) for endpoint, *cells in rows}


def _gathered(name):
    return dict(ChainMap(*(getattr(module, name, {}) for module in MODULES.values())))


BY_AREA = {area: _table(area) for area in MODULES}
POLICY = {endpoint: cells for table in BY_AREA.values() for endpoint, cells in table.items()}
"""Endpoint → column → word."""
PUBLIC_BY_AREA = {area: set(getattr(module, "PUBLIC", "").split()) for area, module in MODULES.items()}
PUBLIC = set().union(*PUBLIC_BY_AREA.values())
BODIES, QUERIES, LISTED = _gathered("BODIES"), _gathered("QUERIES"), _gathered("LISTED")
LAST = set().union(*(getattr(module, "LAST", ()) for module in MODULES.values()))

PLACES = {
    "-": set(),
    "nobody": set(),
    "own": {"own shop"},  # the customer of the world has ordered in the first shop
    "shop": {"own shop"},
    "company": {"own shop", "other shop"},
    "anyone": {"own shop", "other shop", "other company"},
}
"""The places of the world that a role reaches."""
SCOPED = {endpoint for endpoint, cells in POLICY.items() if "yes" not in [cells[role] for role in ROLES]}
"""Endpoints that act on rows of a shop or company."""


def may_call(endpoint, role):
    """Whether the role has the permission that the endpoint requires."""
    return POLICY[endpoint][role] != "-"
