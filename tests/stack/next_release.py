"""The next release: a copy of the source that declares a second version of place_order, and may start it."""

import shutil
import sys
from pathlib import Path

from ops.services.ports import LOOPBACK, free_port
from ops.services.process import Process
from ops.services.readiness import ReadyCheck, http, output_contains
from ops.stack import Stack
from tests.guards.source_tree import ROOT
from workers import queues

PACKAGES = ("api", "domain", "kit", "migrations", "ops", "saga", "workers")

NEW_STEP = '''"""Count the parcels of an order."""

from saga.engine.step import step
from saga.engine.step_functions import Outcome, Subject


@step(area="inventory", irreversible="it changes nothing")
def count_parcels(subject: Subject) -> Outcome:
    """Put everything into one parcel."""
    return {"parcels": 1}
'''
STARTING = "_SAGA_TO_START = version_to_start(PLACE_ORDER)\n"
NEW_VERSION = """from saga.steps.inventory.count_parcels import count_parcels

PLACE_ORDER_2 = Saga(
    "place_order",
    *PLACE_ORDER.stages[:3],
    then(count_parcels),
    *PLACE_ORDER.stages[3:],
    when_done=orders_paid,
    when_undone=orders_not_placed,
    version=2,
)
_SAGA_TO_START = version_to_start(PLACE_ORDER, PLACE_ORDER_2)
"""
STARTS_FIRST, STARTS_SECOND = '"place_order": 1', '"place_order": 2'


class NextRelease:
    """The source of the next release, and its processes on a running stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._source = stack.home / "next-release"
        for package in PACKAGES:
            shutil.copytree(ROOT / package, self._source / package, ignore=shutil.ignore_patterns("__pycache__"))
        (self._source / "saga/steps/inventory/count_parcels.py").write_text(NEW_STEP)
        _replace(self._source / "saga/place_order.py", STARTING, NEW_VERSION)
        _replace(self._source / "saga/rules/started_versions.py", STARTS_FIRST, STARTS_SECOND)
        self.api_url = f"http://{LOOPBACK}:{free_port(None)}"

    def api(self) -> Process:
        """An API of this release, which starts the second version; it runs while the context is entered."""
        port = self.api_url.rpartition(":")[2]
        return self._process("api-2", "api", "--port", port, ready=http(f"{self.api_url}/healthz"))

    def worker(self) -> Process:
        """A worker of this release for orders and their mails; it runs while the context is entered."""
        where = ("--queues", ",".join([*queues.ORDER_QUEUES, *queues.LOW_PRIORITY_QUEUES]), "--name", "worker-2")
        return self._process("worker-2", "worker", *where, ready=output_contains(" ready."))

    def _process(self, name: str, *words: str, ready: ReadyCheck) -> Process:
        return Process(
            f"{name}-of-next-release",
            [sys.executable, "-m", "ops.cli", *words],
            log=self._stack.logs / f"{name}-of-next-release.log",
            env=self._stack.env_for(*words),
            cwd=self._source,
            ready=ready,
        )


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, f"{path} has changed: {old} is gone"
    path.write_text(text.replace(old, new))
