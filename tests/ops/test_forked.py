"""Processes that are forked from one that has imported what they need."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.services import directories, ports
from ops.services.forked import Forked, Nursery
from ops.services.process import DidNotStart
from ops.services.readiness import line, tcp
from tests.waiting import until

PARENT = """
import os, sys
from pathlib import Path
from tests.ops.test_forked import an_inbox, a_nursery
home, port = Path(sys.argv[1]), int(sys.argv[2])
nursery = a_nursery(home)
nursery.start()
an_inbox(home, nursery, port).start()
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home():
    with directories.temporary("orderx-test-") as path:
        yield path


def a_nursery(home) -> Nursery:
    return Nursery(["ops.inbox"], log=home / "nursery.log", env={**os.environ, "PYTHONUNBUFFERED": "1"})


@pytest.fixture
def nursery(home) -> Iterator[Nursery]:
    nursery = a_nursery(home)
    with nursery:
        yield nursery


def forked(home, nursery, *words, ready, **env) -> Forked:
    env = {**os.environ, "PYTHONUNBUFFERED": "1", **env}
    return Forked("one", words, nursery=nursery, log=home / "one.log", env=env, ready=ready)


def an_inbox(home, nursery, port, **env) -> Forked:
    ears = ("--smtp-port", str(port), "--http-port", str(ports.free_port()), "--maildir", str(home / "mail"))
    return forked(home, nursery, "inbox", *ears, ready=tcp(port), **env)


def command_line(process) -> bytes:
    with open(f"/proc/{process.pid}/cmdline", "rb") as told:  # noqa: PTH123
        return told.read()


def memory(pid) -> bytes:
    """All that the process can write to: heap, stack, data."""
    maps = [line.split() for line in Path(f"/proc/{pid}/maps").read_text().splitlines()]
    ranges = [[int(end, 16) for end in line[0].split("-")] for line in maps if line[1].startswith("rw")]
    with Path(f"/proc/{pid}/mem").open("rb") as mem:
        return b"".join(os.pread(mem.fileno(), end - begin, begin) for begin, end in ranges)


class TestForked:
    def test_is_ready_once_started_and_gone_once_stopped(self, home, nursery):
        port = ports.free_port()
        process = an_inbox(home, nursery, port)
        process.start()
        assert b"ops.services.nursery" in command_line(process)
        assert f"inbox smtp://127.0.0.1:{port}" in process.output()
        process.stop()
        assert ports.is_free(port)
        assert not process.running

    def test_tells_how_it_ended(self, home, nursery):
        with pytest.raises(DidNotStart, match="exit code 2"):
            forked(home, nursery, "nonsense", ready=line("ready")).start()

    def test_has_crashed_when_it_is_killed_and_can_be_started_again(self, home, nursery):
        process = an_inbox(home, nursery, ports.free_port())
        with process:
            os.kill(process.pid, signal.SIGKILL)
            until(lambda: process.crashed, "it runs on")
            assert process.exit_code == -signal.SIGKILL
            process.start()
            assert process.running

    def test_outlives_the_nursery_and_is_started_without_it(self, home, nursery):
        process = an_inbox(home, nursery, ports.free_port())
        with process:
            nursery.kill()
            assert process.running
            process.stop()
            process.start()
            assert b"ops.cli" in command_line(process)

    def test_ends_with_whoever_started_it(self, home):
        port = ports.free_port()
        command = [sys.executable, "-c", PARENT, str(home), str(port)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
            assert parent.stdout.readline() == b"started\n"
            parent.kill()
        until(lambda: ports.is_free(port), "it has stayed behind")

    def test_has_its_own_settings_in_memory_and_nobody_elses(self, home, nursery):
        first = an_inbox(home, nursery, ports.free_port(), SECRET="only for the first")
        second = an_inbox(home, nursery, ports.free_port())
        with first:
            assert b"only for the first" in memory(first.pid)
            assert b"only for the first" not in memory(nursery.pid)
            with second:
                assert b"only for the first" not in memory(second.pid)
