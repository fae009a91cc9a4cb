"""Starts processes in waves, brings back those that crash, and stops them in reverse order."""

import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ops.services import orphans
from ops.services.process import Process

_LOOK_EVERY = 0.2
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_STEADY_SECONDS = 60.0
STOP_SECONDS = 8.0
"""How long a person who stops everything waits, at most: less than the ten seconds after which Docker kills."""
_FIRST_WAVE_SECONDS = 4.0
"""Of these, what is left for the servers that the rest uses."""
Handler = Callable[[int, FrameType | None], Any] | signal.Handlers
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Waves of processes: the members of a wave start together, after every member of the wave before is ready.

    `tell` hears one line for each crash. `waiting_for` names what is being started.
    """

    def __init__(self, waves: Sequence[Sequence[Process]], *, tell: Callable[[str], None] = print) -> None:
        self._waves = waves
        self._tell = tell
        self.waiting_for: list[str] = []

    @property
    def processes(self) -> list[Process]:
        """Every process, in the order of starting."""
        return [process for wave in self._waves for process in wave]

    def start(self) -> None:
        """Start everything; raises DidNotStart after having stopped what had started."""
        try:
            for wave in self._waves:
                self.waiting_for = [process.name for process in wave]
                for process in wave:
                    process.launch()
                for process in wave:
                    process.wait_until_ready()
                    self.waiting_for.remove(process.name)
        except BaseException:
            self.stop(within=STOP_SECONDS)
            raise

    def stop(self, *, within: float = math.inf) -> None:
        """Stop everything, the last wave first; further signals do not cut this short, its timeouts do.

        What has not ended `within` seconds is killed: nothing is lost by that, it only takes longer to start again.
        """
        end = time.monotonic() + within
        with _deaf():
            for wave in reversed(self._waves):
                until = end if wave is self._waves[0] else end - _FIRST_WAVE_SECONDS
                for process in wave:
                    process.ask_to_stop()
                for process in wave:
                    process.wait_until_stopped(within=max(0.0, until - time.monotonic()))

    def keep_running(self, until: Callable[[], bool] = lambda: False) -> None:
        """Start again whatever crashes, after a pause that grows while it keeps crashing; reap orphans meanwhile."""
        watches = [_Watch(process) for process in self.processes]
        while not until():
            for watch in watches:
                watch.look(self._tell)
            orphans.reap()
            time.sleep(_LOOK_EVERY)


class _Watch:
    """One process under watch, and how long to wait before it is started again."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._pause = _SHORTEST_PAUSE
        self._launched = time.monotonic()
        self._due: float | None = None

    def look(self, tell: Callable[[str], None]) -> None:
        if not self._process.crashed:
            return
        now = time.monotonic()
        if self._due is None:
            if now - self._launched > _STEADY_SECONDS:
                self._pause = _SHORTEST_PAUSE
            self._due = now + self._pause
            ended = f"{self._process.name} ended with exit code {self._process.exit_code}"
            tell(f"{ended}, starts again in {self._pause:g} s ({self._process.log})")
        elif now >= self._due:
            self._process.launch()
            self._launched, self._due = now, None
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGTERM and a closed terminal raise KeyboardInterrupt, as Ctrl-C does; what is ignored (nohup) stays ignored."""
    heeded = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    with _handling(heeded, signal.default_int_handler):
        yield


@contextmanager
def _deaf() -> Iterator[None]:
    with _handling(_SIGNALS, signal.SIG_IGN):
        yield


@contextmanager
def _handling(numbers: Sequence[signal.Signals], handler: Handler) -> Iterator[None]:
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
