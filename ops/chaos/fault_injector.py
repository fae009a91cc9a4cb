"""Executes a plan: several faults may be active at once, but never two for the same process."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ops.chaos import faults
from ops.chaos.faults import Fault
from ops.chaos.plan import PlannedFault
from ops.chaos.stack import ChaosStack

_REST_SECONDS = {"rabbitmq": 4.0}
"""Pause after recovery until the next fault: RabbitMQ 3.10 may lose what it declared just before a SIGKILL."""


@dataclass(frozen=True, slots=True)
class FinishedFault:
    """A fault whose process works again; times are Unix times."""

    planned: PlannedFault
    started_at: float
    recovered_at: float


@dataclass(slots=True)
class _ActiveFault:
    planned: PlannedFault
    fault: Fault
    started_at: float = field(default_factory=time.time)
    next_step_at: float = 0.0


class FaultInjector:
    """Executes the plan step by step, so that the caller can do other work between two steps.

    `report` is called with a line for every event.
    """

    def __init__(self, stack: ChaosStack, plan: Iterable[PlannedFault], report: Callable[[str], None]) -> None:
        self._stack = stack
        self._report = report
        self._waiting = sorted(plan, key=lambda planned: planned.at)
        self._active: list[_ActiveFault] = []
        self._free_at: dict[str, float] = {}
        self._started_at = time.time()
        self.finished: list[FinishedFault] = []
        self.unexpected_exits: list[str] = []

    @property
    def is_finished(self) -> bool:
        """Whether all faults are over and their processes work again."""
        return not self._waiting and not self._active

    @property
    def active(self) -> list[str]:
        """Descriptions of the active faults."""
        return [str(each.planned) for each in self._active]

    def step(self) -> None:
        """Start due faults, and continue active ones."""
        self._restart_crashed()
        for planned in list(self._waiting):
            if self._started_at + planned.at <= time.time() and self._is_free(planned.process):
                self._waiting.remove(planned)
                self._start(planned, faults.inject(self._stack, planned))
        for each in list(self._active):
            if each.next_step_at <= time.time():
                self._continue(each)

    def stop(self) -> None:
        """End all active faults: frozen processes are resumed."""
        for each in self._active:
            each.fault.close()

    def _start(self, planned: PlannedFault, fault: Fault) -> None:
        self._report(f"{planned} ({planned.seconds:g} s)" if planned.seconds else str(planned))
        self._active.append(_ActiveFault(planned, fault))

    def _continue(self, active: _ActiveFault) -> None:
        try:
            active.next_step_at = time.time() + next(active.fault)
        except StopIteration:
            self._active.remove(active)
            planned, recovered_at = active.planned, time.time()
            self._free_at[planned.process] = recovered_at + _REST_SECONDS.get(planned.process, 0.0)
            self.finished.append(FinishedFault(planned, active.started_at, recovered_at))
            seconds = recovered_at - active.started_at
            self._report(f"{planned.process} works again after {planned.kind}, {seconds:.1f} s")

    def _is_free(self, process: str) -> bool:
        is_disturbed = any(each.planned.process == process for each in self._active)
        return not is_disturbed and self._free_at.get(process, 0.0) <= time.time()

    def _restart_crashed(self) -> None:
        for process in self._stack.processes:
            if process.has_crashed and not any(each.planned.process == process.name for each in self._active):
                self.unexpected_exits.append(process.name)
                self._report(f"{process.name} ended unexpectedly with exit code {process.exit_code}")
                crash = PlannedFault(time.time() - self._started_at, process.name, "crash", process.name, 0.0)
                self._start(crash, faults.restart(process))
