"""Gather what modules declare, such as the schedules and the jobs of the areas."""

from collections.abc import Iterable
from types import ModuleType
from typing import Protocol, TypeVar


class Named(Protocol):
    """A declaration. `__module__` is the module in which it was declared."""

    name: str


Declaration = TypeVar("Declaration", bound=Named)


def declared_in(modules: Iterable[ModuleType], kind: type[Declaration], *, plural: str) -> dict[str, Declaration]:
    """The declarations of this kind in these modules, by name; imported ones belong to the module they come from.

    Raises ValueError, which calls the kind by its `plural`, when two have the same name.
    """
    found: dict[str, Declaration] = {}
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, kind) and value.__module__ == module.__name__:
                if value.name in found:
                    raise ValueError(f"two {plural} are called {value.name}")
                found[value.name] = value
    return found
