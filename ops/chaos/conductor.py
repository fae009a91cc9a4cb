"""Carries out a plan: several disturbances may be under way at once, but never two of the same process."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ops.chaos import deeds
from ops.chaos.deeds import Deed
from ops.chaos.plan import Disturbance
from ops.chaos.stack import ChaosStack

_SETTLES = {"rabbitmq": 4.0}
"""Seconds for which it is left alone once it is back: RabbitMQ 3.10 may lose what it declared just before a SIGKILL."""


@dataclass(frozen=True, slots=True)
class Done:
    """A disturbance that is over; times are seconds since the epoch."""

    what: Disturbance
    begun: float
    back: float


@dataclass(slots=True)
class _UnderWay:
    what: Disturbance
    deed: Deed
    begun: float = field(default_factory=time.time)
    due: float = 0.0


class Conductor:
    """Takes one step at a time, so that whoever leads the run can look at other things in between.

    `tell` hears a line for everything that is done.
    """

    def __init__(self, stack: ChaosStack, plan: Iterable[Disturbance], tell: Callable[[str], None]) -> None:
        self._stack = stack
        self._tell = tell
        self._waiting = sorted(plan, key=lambda what: what.at)
        self._under_way: list[_UnderWay] = []
        self._free_at: dict[str, float] = {}
        self._began = time.time()
        self.done: list[Done] = []
        self.died_alone: list[str] = []

    @property
    def over(self) -> bool:
        """Whether everything is done and back."""
        return not self._waiting and not self._under_way

    @property
    def under_way(self) -> list[str]:
        """What is disturbed just now."""
        return [str(each.what) for each in self._under_way]

    def step(self) -> None:
        """Begin what is due, and go on with what is under way."""
        self._start_again_what_died_alone()
        for what in list(self._waiting):
            if self._began + what.at <= time.time() and self._is_free(what.whom):
                self._waiting.remove(what)
                self._begin(what, deeds.perform(self._stack, what))
        for each in list(self._under_way):
            if each.due <= time.time():
                self._go_on(each)

    def close(self) -> None:
        """Leave off: thaw what is frozen."""
        for each in self._under_way:
            each.deed.close()

    def _begin(self, what: Disturbance, deed: Deed) -> None:
        self._tell(f"{what} ({what.seconds:g} s)" if what.seconds else str(what))
        self._under_way.append(_UnderWay(what, deed))

    def _go_on(self, each: _UnderWay) -> None:
        try:
            each.due = time.time() + next(each.deed)
        except StopIteration:
            self._under_way.remove(each)
            back = time.time()
            self._free_at[each.what.whom] = back + _SETTLES.get(each.what.whom, 0.0)
            self.done.append(Done(each.what, each.begun, back))
            self._tell(f"{each.what.whom} is back from {each.what.deed} after {back - each.begun:.1f} s")

    def _is_free(self, whom: str) -> bool:
        busy = any(each.what.whom == whom for each in self._under_way)
        return not busy and self._free_at.get(whom, 0.0) <= time.time()

    def _start_again_what_died_alone(self) -> None:
        for process in self._stack.processes:
            if process.crashed and not any(each.what.whom == process.name for each in self._under_way):
                self.died_alone.append(process.name)
                self._tell(f"{process.name} ended by itself with exit code {process.exit_code}")
                lonely = Disturbance(time.time() - self._began, process.name, "death", process.name, 0.0)
                self._begin(lonely, deeds.start_again(process))
