"""Which version of a saga new sagas get.

A release declares a new version without starting it; a later release changes the number here, in a separate commit.
So when the first saga of a version starts, the workers of both releases know it.
"""

from saga.engine.definition import Saga
from saga.engine.errors import InvalidDefinition

STARTS = {"place_order": 1, "cancel_order": 1, "refund_payment": 1}
"""A saga that is not listed starts in version 1."""


def started_version(name: str) -> int:
    """The version that new sagas of this name get."""
    return STARTS.get(name, 1)


def version_to_start(*versions: Saga) -> Saga:
    """Return the version that new sagas get. `versions` are all versions of one saga. Call this at import.

    Raises InvalidDefinition if `versions` lacks that version.
    """
    for saga in versions:
        if saga.version == started_version(saga.name):
            return saga
    given = ", ".join(f"{saga.name} {saga.version}" for saga in versions)
    raise InvalidDefinition(
        f"none of these is the version that saga/rules/started_versions.py starts: {given or 'no version'}"
    )
