"""All sagas, in every declared version: those of open sagas, and those that no new saga gets yet.

ORDERX_EXAMPLE_SAGAS names modules whose sagas are declared, too, separated by commas. It is not a setting: chaos runs
set it, for a saga that waits (ops/chaos/waiting_saga.py).
"""

import importlib
import os
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from saga.engine.definition import Saga
from saga.engine.errors import UnknownVersion
from saga.engine.step import Step
from saga.rules.started_versions import started_version


def _declared() -> Iterator[Saga]:
    """The sagas of the modules beside this one, which are definitions, and of example modules."""
    beside = pkgutil.iter_modules([str(Path(__file__).parent)], "saga.")
    definitions = [module.name for module in beside if not module.ispkg and module.name != __name__]
    examples = os.environ.get("ORDERX_EXAMPLE_SAGAS", "").split(",")
    for name in filter(None, [*definitions, *examples]):
        values = vars(importlib.import_module(name)).values()
        yield from (value for value in values if isinstance(value, Saga))


SAGAS: tuple[Saga, ...] = tuple(dict.fromkeys(_declared()))  # a module may have more than one name for a saga

_BY_VERSION = {(saga.name, saga.version): saga for saga in SAGAS}

STEPS: dict[str, Step] = {step.name: step for saga in SAGAS for step in saga.steps.values()}


def find(name: str, version: int | None) -> Saga:
    """Return the definition of a saga, without a version the one that new sagas get; raises UnknownVersion."""
    if version is None:
        version = started_version(name)
    saga = _BY_VERSION.get((name, version))
    if saga is None:
        raise UnknownVersion(f"saga {name} version {version} is not declared in this release")
    return saga
