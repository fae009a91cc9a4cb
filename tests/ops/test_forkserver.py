"""Processes of OrderX, forked from the fork server."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.services import directories, ports
from ops.services.forkserver import ForkedProcess, ForkServer
from ops.services.process import DidNotStart
from ops.services.readiness import output_contains, tcp
from tests.waiting import until

pytestmark = pytest.mark.processes

PARENT = """
import os, sys
from pathlib import Path
from tests.ops.test_forkserver import an_inbox, a_forkserver
home, port = Path(sys.argv[1]), int(sys.argv[2])
forkserver = a_forkserver(home)
forkserver.start()
an_inbox(home, forkserver, port).start()
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home():
    with directories.temporary("orderx-test-") as path:
        yield path


def a_forkserver(home) -> ForkServer:
    return ForkServer(["ops.inbox"], log=home / "forkserver.log", env={**os.environ, "PYTHONUNBUFFERED": "1"})


@pytest.fixture
def forkserver(home) -> Iterator[ForkServer]:
    forkserver = a_forkserver(home)
    with forkserver:
        yield forkserver


def forked(home, forkserver, *words, ready, **env) -> ForkedProcess:
    env = {**os.environ, "PYTHONUNBUFFERED": "1", **env}
    return ForkedProcess("one", words, forkserver=forkserver, log=home / "one.log", env=env, ready=ready)


def an_inbox(home, forkserver, port, **env) -> ForkedProcess:
    ears = ("--smtp-port", str(port), "--http-port", str(ports.free_port()), "--maildir", str(home / "mail"))
    return forked(home, forkserver, "inbox", *ears, ready=tcp(port), **env)


def command_line(process) -> bytes:
    with open(f"/proc/{process.pid}/cmdline", "rb") as cmdline:  # noqa: PTH123
        return cmdline.read()


def memory(pid) -> bytes:
    """All that the process can write to: heap, stack, data."""
    maps = [line.split() for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    ranges = [[int(end, 16) for end in line[0].split("-")] for line in maps if line[1].startswith("rw")]
    with Path(f"/proc/{pid}/mem").open("rb") as mem:
        return b"".join(os.pread(mem.fileno(), end - begin, begin) for begin, end in ranges)


class TestForked:
    def test_is_ready_once_started_and_gone_once_stopped(self, home, forkserver):
        port = ports.free_port()
        process = an_inbox(home, forkserver, port)
        process.start()
        assert b"ops.services.forkserver_main" in command_line(process)
        assert f"inbox smtp://127.0.0.1:{port}" in process.output()
        process.stop()
        assert ports.is_free(port)
        assert not process.is_running

    def test_returns_the_exit_status(self, home, forkserver):
        with pytest.raises(DidNotStart, match="exit code 2"):
            forked(home, forkserver, "nonsense", ready=output_contains("ready")).start()

    def test_has_crashed_when_it_is_killed_and_can_be_started_again(self, home, forkserver):
        process = an_inbox(home, forkserver, ports.free_port())
        with process:
            os.kill(process.pid, signal.SIGKILL)
            until(lambda: process.has_crashed, "it runs on")
            assert process.exit_code == -signal.SIGKILL
            process.start()
            assert process.is_running

    def test_outlives_the_forkserver_and_is_started_without_it(self, home, forkserver):
        process = an_inbox(home, forkserver, ports.free_port())
        with process:
            forkserver.kill()
            assert process.is_running
            process.stop()
            process.start()
            assert b"ops.cli" in command_line(process)

    def test_ends_with_the_process_that_started_it(self, home):
        port = ports.free_port()
        command = [sys.executable, "-c", PARENT, str(home), str(port)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
            assert parent.stdout.readline() == b"started\n"
            parent.kill()
        until(lambda: ports.is_free(port), "it has stayed behind")

    def test_has_only_its_settings_in_memory(self, home, forkserver):
        first = an_inbox(home, forkserver, ports.free_port(), SECRET="only for the first")
        second = an_inbox(home, forkserver, ports.free_port())
        with first:
            assert b"only for the first" in memory(first.pid)
            assert b"only for the first" not in memory(forkserver.pid)
            with second:
                assert b"only for the first" not in memory(second.pid)
