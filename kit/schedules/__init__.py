"""Schedules: functions that run by the clock, declared where they belong.

    @schedule(every(minutes=10))
    def close_due_companies(*, now: datetime) -> None: ...

A scheduler claims each run and sends it to a worker as a task (kit/schedules/runs.py). A run is repeated after its
worker was killed, so the function must be safe to repeat. It takes seconds at most, and starts a job for longer work.
"""

import random
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import update_wrapper
from types import ModuleType
from typing import Generic, Literal, Protocol, TypeVar

from kit import declarations
from kit.schedules.timing import Timing, daily, every

__all__ = ["Schedule", "daily", "declared_in", "every", "schedule"]

MissedRunPolicy = Literal["catch_up", "skip"]
"""What happens to a run that could not begin in time: no scheduler was running, or the run before took too long.

`catch_up`: it runs as soon as possible, once, however many were missed. `skip`: the next one runs at its time.
"""

MISSED_AFTER = timedelta(minutes=1)
"""How late a run may be before it counts as missed."""

MAX_OVERDUE = timedelta(hours=1)
"""How long a run may be overdue, at most, before there is an alert."""

Result_co = TypeVar("Result_co", covariant=True)


class ScheduledFunction(Protocol[Result_co]):
    """The function of a schedule, which takes the current time (UTC)."""

    __name__: str

    def __call__(self, *, now: datetime) -> Result_co:
        """Do what is due."""


class Schedule(Generic[Result_co]):
    """A function with the times at which it runs. Calling it calls the function.

    A random part of `jitter` is added to each time, so that schedules with the same timing do not all run at once.
    """

    def __init__(
        self, timing: Timing, action: ScheduledFunction[Result_co], *, missed: MissedRunPolicy, jitter: timedelta
    ) -> None:
        if not timedelta() <= jitter < timing.period:
            raise ValueError("the jitter of a schedule is shorter than its period")
        self.timing, self.action, self.missed, self.jitter = timing, action, missed, jitter
        self.name = action.__name__
        update_wrapper(self, action)

    def __call__(self, *, now: datetime) -> Result_co:
        """Call the function."""
        return self.action(now=now)

    def next_run(self, moment: datetime, *, draw: Callable[[], float] = random.random) -> datetime:
        """The time (UTC) of the first run later than this moment. `draw` returns which part of the jitter to add."""
        return self.timing.next_after(moment) + self.jitter * draw()

    def is_skipped(self, *, due_at: datetime, now: datetime) -> bool:
        """Whether a run that was due at this time, and has not begun by now, is left out."""
        return self.missed == "skip" and now - due_at > MISSED_AFTER

    @property
    def overdue_after(self) -> timedelta:
        """How long after its time a run must have ended: a period, an hour at most, and a minute."""
        return min(self.timing.period, MAX_OVERDUE) + MISSED_AFTER


def schedule(
    timing: Timing, *, missed: MissedRunPolicy = "catch_up", jitter: timedelta = timedelta()
) -> Callable[[ScheduledFunction[Result_co]], Schedule[Result_co]]:
    """Declare that the decorated function runs at these times. Its name is the schedule's name."""
    return lambda action: Schedule(timing, action, missed=missed, jitter=jitter)


def declared_in(modules: Iterable[ModuleType]) -> dict[str, Schedule[object]]:
    """The schedules that these modules declare, by name. Raises ValueError when two have the same name."""
    return declarations.declared_in(modules, Schedule, plural="schedules")
