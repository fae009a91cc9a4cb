"""The areas of the business, lower ones first: an area may import the areas before it, never those after it."""

import importlib
import importlib.util
from collections.abc import Iterator
from types import ModuleType

from domain.access import permission_sets
from domain.imports import declarations as imports
from domain.privacy import declarations as personal_data
from kit.permissions import Permission

AREAS = (
    "notifications",
    "accounts",
    "companies",
    "access",
    "imports",
    "shops",
    "customers",
    "catalogue",
    "pricing",
    "inventory",
    "sales",
    "payments",
    "audit",
    "privacy",
)


def modules(layer: str, name: str | None = None) -> Iterator[ModuleType]:
    """Import what each area has in a layer: `domain.<area>.<name>`, or without a name the package `api.<area>`.

    In the order of the areas. An area that has no such module is left out; an error in one is raised.
    """
    for area in with_module(layer, name):
        yield importlib.import_module(_path(layer, area, name))


def with_module(layer: str, name: str | None = None) -> list[str]:
    """The areas for which the module of `modules(layer, name)` exists, in the order of AREAS, without importing it."""
    return [area for area in AREAS if _exists(_path(layer, area, name))]


def _path(layer: str, area: str, name: str | None) -> str:
    return ".".join(part for part in (layer, area, name) if part)


def permissions() -> dict[str, Permission]:
    """The permissions that the areas declare, by name, in the order of the areas.

    Raises ValueError if a name is declared twice.
    """
    found: dict[str, Permission] = {}
    for module in modules("domain", "permissions"):
        for each in vars(module).values():
            if isinstance(each, Permission):
                if each.name in found:
                    raise ValueError(f"two permissions are called {each.name}, the second one in {module.__name__}")
                found[each.name] = each
    return found


def register() -> None:
    """Hand what the areas declare to the areas that need it of all others. Call it at the start of a process."""
    permission_sets.register(permissions())
    personal_data.register(
        {module.__name__.split(".")[1]: module.PERSONAL_DATA for module in modules("domain", "personal_data")}
    )
    imports.register({module.KIND.name: module.KIND for module in modules("domain", "importing")})


def _exists(path: str) -> bool:
    try:
        return importlib.util.find_spec(path) is not None
    except ModuleNotFoundError:
        return False
