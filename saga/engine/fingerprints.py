"""Record saga definitions with their fingerprints, and refuse to run open sagas with a changed definition."""

from collections.abc import Iterable, Iterator
from hashlib import sha256

from kit import db
from kit.errors import NotConfigured
from kit.tenancy import Tenant
from saga.engine.definition import Saga, Stage
from saga.engine.step import Step
from saga.engine.waits import Wait

# Records a new definition, or a changed one while no saga of its version is open: see migrations/functions.
_RECORD_DEFINITION = """
    SELECT definition, open_sagas
    FROM record_saga_definition(%(name)s, %(version)s, %(fingerprint)s, %(definition)s)
    WHERE fingerprint <> %(fingerprint)s"""


class DefinitionChanged(NotConfigured):
    """Open sagas started with another definition of the same name and version."""

    code = "saga_definition_changed"


def describe(saga: Saga) -> str:
    """Describe what open sagas depend on: stages, steps, their order, their undos, the pivot, and the waits.

    Retries, deadlines and the time until a wait expires are left out: they may change at any time.
    """
    return "; ".join(_stages(saga))


def fingerprint(saga: Saga) -> str:
    """Return the SHA-256 of what `describe` returns for the saga, in hexadecimal."""
    return sha256(describe(saga).encode()).hexdigest()


def record(sagas: Iterable[Saga]) -> None:
    """Record the definitions in the database, as the app role.

    A changed definition replaces the recorded one if no saga of its version is open; otherwise this raises
    DefinitionChanged.
    """
    for saga in sagas:
        values = {
            "name": saga.name, "version": saga.version, "fingerprint": fingerprint(saga), "definition": describe(saga),
        }  # fmt: skip
        with db.transaction(Tenant()):
            differing = db.run(_RECORD_DEFINITION, values).fetchone()
        if differing:
            recorded, open_sagas = differing
            raise DefinitionChanged(
                f"{saga.name} version {saga.version} has changed while {open_sagas} of its sagas are open: restore its "
                f"definition, and declare the changed one as a new version (docs/tour.md, Change a saga). "
                f"They started with: {recorded}. It is now: {describe(saga)}"
            )


# The fingerprint is taken of these words: they must not change.
def _stages(saga: Saga) -> Iterator[str]:
    for index, stage in enumerate(saga.stages):
        pivot = ", the pivot" if index == saga.pivot_index and stage.kind != "afterwards" else ""
        yield f"{stage.kind} {_wait(stage.wait) if stage.wait else _steps(stage)}{pivot}"
    if saga.when_undone is None:
        yield "no way back"


def _wait(wait: Wait) -> str:
    condition = f" if {wait.condition}" if wait.condition else ""
    return f"{wait.name}{condition} (on expiry: {wait.on_expiry})"


def _steps(stage: Stage) -> str:
    return " and ".join(map(_step, stage.steps))


def _step(step: Step) -> str:
    return f"{step.name} (undo: {step.undo_name})" if step.undo_name else step.name
