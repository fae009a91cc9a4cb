"""All sagas, in every declared version: those of open sagas, and those that saga/starts.py does not start yet."""

from saga.cancel_order import CANCEL_ORDER
from saga.engine.definition import Saga
from saga.engine.errors import UnknownVersion
from saga.engine.step import Step
from saga.place_order import PLACE_ORDER
from saga.starts import started_version

SAGAS: tuple[Saga, ...] = (PLACE_ORDER, CANCEL_ORDER)

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
