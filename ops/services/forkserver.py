"""A fork server for processes of OrderX, so that they share the memory of their imported modules."""

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
from ops.services.readiness import ReadyCheck, output_contains

_PR_SET_CHILD_SUBREAPER = 36
_FORK_TIMEOUT = 10.0
"""Seconds to wait for the fork server to fork."""


class ForkServer(Process):
    """The fork server (ops/services/forkserver_main.py); `modules` are imported before it forks."""

    def __init__(self, modules: Sequence[str], *, log: Path, env: Mapping[str, str]) -> None:
        argv = [sys.executable, "-m", "ops.services.forkserver_main", *modules]
        super().__init__("forkserver", argv, log=log, env=env, ready=output_contains("the fork server is ready"))
        self._socket: socket.socket | None = None

    def _spawn(self, log: IO[bytes], *, stdin: int = subprocess.DEVNULL) -> Child:
        """Start the fork server itself; its standard input is a socket over which it receives what to fork."""
        del stdin
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)  # its forked processes become our children
        if self._socket:
            self._socket.close()
        self._socket, its_end = socket.socketpair()
        self._socket.settimeout(_FORK_TIMEOUT)
        with its_end:
            return super()._spawn(log, stdin=its_end.fileno())

    def kill(self) -> None:
        """Kill the process and close the socket to it."""
        super().kill()
        if self._socket:
            self._socket.close()
            self._socket = None

    def fork(self, args: Sequence[str], *, log: Path, env: Mapping[str, str]) -> Child | None:
        """Fork a process that runs `orderx` with these arguments. Returns None if the fork server is not running."""
        if self._socket is None or not self.ready:
            return None
        request = {
            "args": args, "log": str(log), "env": dict(env), "parent": os.getpid(),
            "parent_death_signal": int(signal.SIGKILL),
        }  # fmt: skip
        try:
            self._socket.sendall(json.dumps(request).encode() + b"\n")
            with self._socket.makefile("rb") as responses:
                return AdoptedChild(int(responses.readline()))
        except (OSError, ValueError):
            self.kill()  # so that it cannot fork later, in addition to the process that is started instead
            return None


class ForkedProcess(Process):
    """A process of OrderX, forked from the fork server if that is running, otherwise started normally."""

    def __init__(
        self,
        name: str,
        args: Sequence[str],
        *,
        forkserver: ForkServer,
        log: Path,
        env: Mapping[str, str],
        ready: ReadyCheck,
        nice: int = 0,
    ) -> None:
        argv = [sys.executable, "-m", "ops.cli", *args]
        super().__init__(name, argv, log=log, env=env, ready=ready, nice=nice)
        self._fork = lambda: forkserver.fork(args, log=log, env=env)

    def _spawn(self, log: IO[bytes], *, stdin: int = subprocess.DEVNULL) -> Child:
        """Have the fork server fork this process, or start it normally."""
        return self._fork() or super()._spawn(log, stdin=stdin)


class AdoptedChild:
    """A child process that subprocess.Popen did not start, with the part of its interface that Process needs."""

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
