"""Updates of rows, limited to the columns that a resource declares as changeable."""

from collections.abc import Mapping
from typing import Any

from kit.db import Base


def apply(row: Base, changes: Mapping[str, Any], *, declared: type) -> list[str]:
    """Set columns of the row and return the sorted names of those whose value changed.

    Raises TypeError, before any column is set, for a column that is not a key of the TypedDict `declared`.
    """
    refuse_undeclared(changes, declared=declared)
    changed = sorted(name for name, value in changes.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, changes[name])
    return changed


def refuse_undeclared(values: Mapping[str, Any], *, declared: type) -> None:
    """Raise TypeError for a name that is not a key of the TypedDict `declared`."""
    undeclared = values.keys() - declared.__annotations__.keys()
    if undeclared:
        raise TypeError(f"{declared.__name__} does not declare {', '.join(sorted(undeclared))}")
