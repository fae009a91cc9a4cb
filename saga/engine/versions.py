"""The versions of sagas that a process knows: its release declares them."""

from collections.abc import Callable

from saga.engine.definition import Saga
from saga.engine.errors import UnknownVersion

FindDefinition = Callable[[str, int | None], Saga]
"""Returns the definition of a saga by name and version, or raises UnknownVersion (registry.find).

The version None stands for the one that new sagas get."""


def is_known(name: str, version: int | None, find: FindDefinition) -> bool:
    """Whether this process has the definition of this version of the saga."""
    try:
        find(name, version)
    except UnknownVersion:
        return False
    return True
