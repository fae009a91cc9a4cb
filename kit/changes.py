"""Changing the columns of a row that a resource declares as changeable, and no others."""

from collections.abc import Mapping
from typing import Any

from kit.db import Base


def apply(row: Base, changes: Mapping[str, Any], *, declared: type) -> list[str]:
    """Set these columns of the row; the names of those that had another value, sorted.

    Raises TypeError, before anything is set, for a column that `declared`, a TypedDict, does not name.
    """
    refuse_undeclared(changes, declared=declared)
    changed = sorted(name for name, value in changes.items() if getattr(row, name) != value)
    for name in changed:
        setattr(row, name, changes[name])
    return changed


def refuse_undeclared(values: Mapping[str, Any], *, declared: type) -> None:
    """Raise TypeError for a name that `declared`, a TypedDict, does not have."""
    undeclared = values.keys() - declared.__annotations__.keys()
    if undeclared:
        raise TypeError(f"{declared.__name__} does not declare {', '.join(sorted(undeclared))}")
