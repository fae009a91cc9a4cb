"""Child processes with start, readiness check and stop; they end with their parent."""

import math
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, ClassVar, Protocol, Self
from weakref import WeakSet

from kit.errors import Unavailable
from ops import command_settings
from ops.services import parent_death, priority

_TAIL_LINES = 15
_POLL_SECONDS = 0.05


class Child(Protocol):
    """The part of subprocess.Popen that Process needs."""

    pid: int

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait and return the exit code; raises subprocess.TimeoutExpired."""

    def send_signal(self, sig: int, /) -> None:
        """Send a signal to the process. Does nothing if the process has ended."""


class DidNotStart(Unavailable):
    """The process did not become ready; the message ends with the tail of its log."""

    code = "did_not_start"


class Process:
    """One child process; stdout and stderr go to `log`.

    `ready` is the readiness check, for up to `start_seconds`. `stop_signal` stops the process; after `stop_seconds` it
    gets SIGKILL. Linux sends `parent_death_signal` when the thread that launched it ends, so launch it from the
    main thread. Without `env` it inherits this process's environment without OrderX's settings. `user` is the user to
    switch to if root launches it; `nice` is its nice value.
    """

    _all: ClassVar[WeakSet["Process"]] = WeakSet()

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        ready: Callable[["Process"], bool],
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: pwd.struct_passwd | None = None,
        nice: int = 0,
        stop_signal: signal.Signals = signal.SIGTERM,
        parent_death_signal: signal.Signals = signal.SIGKILL,
        start_seconds: float = 60,
        stop_seconds: float = 15,
    ) -> None:
        self.name = name
        self.argv = argv
        self.log = log
        self._ready = ready
        self._env = env
        self._cwd = cwd
        self._user = user
        self._nice = nice
        self._stop_signal = stop_signal
        self._parent_death_signal = parent_death_signal
        self._start_seconds = start_seconds
        self._stop_seconds = stop_seconds
        self._child: Child | None = None
        self._log_offset = 0
        self._all.add(self)

    @staticmethod
    def launched_pids() -> set[int]:
        """The process ids of all launched and not yet stopped Processes."""
        return {process.pid for process in Process._all if process.pid is not None}

    @property
    def pid(self) -> int | None:
        """The process id; None before launch and after stop."""
        return self._child.pid if self._child else None

    @property
    def exit_code(self) -> int | None:
        """The exit code; None while it runs or before it was launched."""
        return self._child.poll() if self._child else None

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._child is not None and self._child.poll() is None

    @property
    def ready(self) -> bool:
        """Whether it runs and its readiness check succeeds."""
        return self.is_running and self._ready(self)

    @property
    def has_crashed(self) -> bool:
        """Whether it was launched and has ended without being stopped."""
        return self._child is not None and not self.is_running

    def start(self) -> None:
        """Launch and wait until ready. Stops the process and raises DidNotStart if it fails."""
        self.launch()
        try:
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def launch(self) -> None:
        """Start the process without waiting for it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.touch(mode=0o600)
        with self.log.open("ab") as log:
            self._log_offset = log.tell()
            self._child = self._spawn(log)
        if self._nice:
            priority.lower_priority(self._child.pid, self._nice)

    def _spawn(self, log: IO[bytes], *, stdin: int = subprocess.DEVNULL) -> Child:
        return subprocess.Popen(
            [*self._parent_death_wrapper(), *self.argv],
            stdin=stdin,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=command_settings.without_settings(os.environ) if self._env is None else self._env,
            cwd=self._cwd,
            umask=0o077,
            # Ctrl-C signals the whole foreground group, but the parent stops its children in a chosen order.
            start_new_session=True,
        )

    def _parent_death_wrapper(self) -> list[str]:
        uid, gid = (self._user.pw_uid, self._user.pw_gid) if self._user else (-1, -1)
        numbers = (int(self._parent_death_signal), os.getpid(), uid, gid)
        return [sys.executable, "-I", "-S", parent_death.__file__, *map(str, numbers)]

    def wait_until_ready(self) -> None:
        """Wait until the process is ready.

        Raises DidNotStart if the process ends, or if it takes too long; then the process is not stopped.
        """
        deadline = time.monotonic() + self._start_seconds
        while not self._ready(self):
            self._check_startup(deadline)
            time.sleep(_POLL_SECONDS)

    def _check_startup(self, deadline: float) -> None:
        if not self.is_running:
            raise DidNotStart(f"{self.name} ended with exit code {self.exit_code}{self._tail()}")
        if time.monotonic() > deadline:
            raise DidNotStart(f"{self.name} was not ready after {self._start_seconds:g} s{self._tail()}")

    def _tail(self) -> str:
        lines = self.output().splitlines()[-_TAIL_LINES:]
        return "".join([f"; the end of {self.log}:", *(f"\n    {line}" for line in lines)])

    def output(self) -> str:
        """Its output since its last launch."""
        with self.log.open("rb") as log:
            log.seek(self._log_offset)
            return log.read().decode(errors="replace")

    def stop(self) -> None:
        """Send the stop signal and wait; send SIGKILL if the end takes too long. Does nothing if no process runs."""
        self.request_stop()
        self.wait_until_stopped()

    def request_stop(self) -> None:
        """Send the stop signal without waiting."""
        if self._child is not None:
            self._child.send_signal(self._stop_signal)

    def wait_until_stopped(self, *, within: float = math.inf) -> None:
        """Wait until the process ends, at most this many seconds, then SIGKILL the rest of its process group."""
        if self._child is not None:
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(min(self._stop_seconds, within))
            self.kill()

    def kill(self) -> None:
        """SIGKILL the process group."""
        self._signal_group(signal.SIGKILL)
        if self._child is not None:
            self._child.wait()
            self._child = None

    def freeze(self) -> None:
        """SIGSTOP the process group."""
        self._signal_group(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT the process group; harmless if it is not frozen."""
        self._signal_group(signal.SIGCONT)

    def _signal_group(self, number: signal.Signals) -> None:
        if self._child is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._child.pid, number)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Job(Process):
    """A process that is ready when it has ended with exit code 0."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        user: pwd.struct_passwd | None = None,
    ) -> None:
        super().__init__(name, argv, log=log, env=env, cwd=cwd, user=user, ready=lambda job: job.exit_code == 0)

    @property
    def has_crashed(self) -> bool:
        """Never: a job that is ready has ended."""
        return False
