"""Processes of OrderX that share the memory of what all of them import."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from ops.services.process import Child, Process
from ops.services.readiness import Ready, line

_PR_SET_CHILD_SUBREAPER = 36
_PATIENCE = 10.0
"""Seconds within which a nursery forks."""


class Nursery(Process):
    """The process they are forked from; `modules` are what it imports for them."""

    def __init__(self, modules: Sequence[str], *, log: Path, env: Mapping[str, str]) -> None:
        argv = [sys.executable, "-m", "ops.services.nursery", *modules]
        super().__init__("nursery", argv, log=log, env=env, ready=line("the nursery is ready"))
        self._line: socket.socket | None = None

    def _spawn(self, log: IO[bytes], *, stdin: int = subprocess.DEVNULL) -> Child:
        del stdin
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)  # what it forks are our children
        if self._line:
            self._line.close()
        self._line, theirs = socket.socketpair()
        self._line.settimeout(_PATIENCE)
        with theirs:
            return super()._spawn(log, stdin=theirs.fileno())

    def kill(self) -> None:
        """And let go of the line to it."""
        super().kill()
        if self._line:
            self._line.close()
            self._line = None

    def fork(self, words: Sequence[str], *, log: Path, env: Mapping[str, str]) -> Child | None:
        """Have `orderx` run with these words as a child of ours; None when the nursery is not there to do it."""
        if self._line is None or not self.ready:
            return None
        order = {
            "words": words, "log": str(log), "env": dict(env), "parent": os.getpid(),
            "orphan_signal": int(signal.SIGKILL),
        }  # fmt: skip
        try:
            self._line.sendall(json.dumps(order).encode() + b"\n")
            with self._line.makefile("rb") as answers:
                return Fostered(int(answers.readline()))
        except (OSError, ValueError):
            self.kill()  # lest it does later what is now done without it
            return None


class Forked(Process):
    """A process of OrderX, forked from the nursery while it is there, and else started as any other."""

    def __init__(
        self, name: str, words: Sequence[str], *, nursery: Nursery, log: Path, env: Mapping[str, str], ready: Ready,
        nice: int = 0,
    ) -> None:  # fmt: skip
        argv = [sys.executable, "-m", "ops.cli", *words]
        super().__init__(name, argv, log=log, env=env, ready=ready, nice=nice)
        self._fork = lambda: nursery.fork(words, log=log, env=env)

    def _spawn(self, log: IO[bytes], *, stdin: int = subprocess.DEVNULL) -> Child:
        return self._fork() or super()._spawn(log, stdin=stdin)


class Fostered:
    """A child of ours that somebody else has borne: as much of subprocess.Popen as a Process needs."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._exit_code: int | None = None

    def poll(self) -> int | None:
        """See subprocess.Popen."""
        if self._exit_code is None:
            ended, status = os.waitpid(self.pid, os.WNOHANG)
            self._exit_code = os.waitstatus_to_exitcode(status) if ended else None
        return self._exit_code

    def wait(self, timeout: float | None = None) -> int:
        """See subprocess.Popen."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if deadline is not None and timeout is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """See subprocess.Popen."""
        if self.poll() is None:
            os.kill(self.pid, number)
