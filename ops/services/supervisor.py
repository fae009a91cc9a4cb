"""Starts processes in waves, restarts crashed ones, and stops all in reverse order."""

import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any

from ops.services import orphans
from ops.services.process import Process

_POLL_INTERVAL = 0.2
_MIN_DELAY, _MAX_DELAY = 0.5, 30.0
_STABLE_SECONDS = 60.0
STOP_SECONDS = 8.0
"""Time limit for stopping everything: less than the ten seconds after which Docker sends SIGKILL."""
_FIRST_WAVE_SECONDS = 4.0
"""The part of it that is reserved for the first wave, the servers."""
Handler = Callable[[int, FrameType | None], Any] | signal.Handlers
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Waves of processes: a wave starts when all processes of the previous wave are ready.

    `report` is called with one line for each crash. `waiting_for` contains the names of the processes being started.
    """

    def __init__(self, waves: Sequence[Sequence[Process]], *, report: Callable[[str], None] = print) -> None:
        self._waves = waves
        self._report = report
        self.waiting_for: list[str] = []

    @property
    def processes(self) -> list[Process]:
        """All processes, in start order."""
        return [process for wave in self._waves for process in wave]

    def start(self) -> None:
        """Start everything. If a process does not start, stops the others and raises DidNotStart."""
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
        """Stop everything, the last wave first, ignoring further signals.

        Processes that have not ended `within` seconds are killed. This loses no data; only the next start takes longer.
        """
        deadline = time.monotonic() + within
        with _signals_ignored():
            for wave in reversed(self._waves):
                until = deadline if wave is self._waves[0] else deadline - _FIRST_WAVE_SECONDS
                for process in wave:
                    process.request_stop()
                for process in wave:
                    process.wait_until_stopped(within=max(0.0, until - time.monotonic()))

    def keep_running(self, until: Callable[[], bool] = lambda: False) -> None:
        """Restart crashed processes, with growing delays while they keep crashing; also reap orphans."""
        restarters = [_Restarter(process) for process in self.processes]
        while not until():
            for restarter in restarters:
                restarter.check(self._report)
            orphans.reap()
            time.sleep(_POLL_INTERVAL)


class _Restarter:
    """Restarts one process when it has crashed, with exponential backoff."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._delay = _MIN_DELAY
        self._launched = time.monotonic()
        self._restart_at: float | None = None

    def check(self, report: Callable[[str], None]) -> None:
        if not self._process.has_crashed:
            return
        now = time.monotonic()
        if self._restart_at is None:
            if now - self._launched > _STABLE_SECONDS:
                self._delay = _MIN_DELAY
            self._restart_at = now + self._delay
            ended = f"{self._process.name} ended with exit code {self._process.exit_code}"
            report(f"{ended}, restarts in {self._delay:g} s ({self._process.log})")
        elif now >= self._restart_at:
            self._process.launch()
            self._launched, self._restart_at = now, None
            self._delay = min(self._delay * 2, _MAX_DELAY)


@contextmanager
def interruptible() -> Iterator[None]:
    """Make SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does; ignored signals (nohup) stay ignored."""
    handled = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    with _handling(handled, signal.default_int_handler):
        yield


@contextmanager
def _signals_ignored() -> Iterator[None]:
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
