"""Orphaned processes are adopted and reaped."""

import os
import signal
import subprocess
import sys

import pytest

from ops.services import directories
from ops.services.process_tree import children
from tests.waiting import until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux hands orphans to others than init"),
    pytest.mark.processes,
]

ABANDONS_THREE = """
import os, pathlib, sys, time
gate = pathlib.Path(sys.argv[1])
for _ in range(3):
    if os.fork() == 0:
        if os.fork() == 0:
            while gate.parent.exists() and not gate.exists():
                time.sleep(0.01)
        os._exit(0)
    os.wait()
print("up", flush=True)
time.sleep(600)
"""

SUPERVISOR = """
import os, sys
from pathlib import Path
from ops.services.forkserver import ForkServer
from ops.services.process import Process
from ops.services.readiness import output_contains
from ops.services.supervisor import Supervisor
home, program = Path(sys.argv[1]), sys.argv[2]
forkserver = ForkServer([], log=home / "forkserver", env=os.environ)
command = [sys.executable, "-c", program, str(home / "gate")]
one = Process("one", command, log=home / "one", ready=output_contains("up"))
supervisor = Supervisor([[forkserver], [one]])
supervisor.start()
print(one.pid, flush=True)
supervisor.keep_running()
"""


@pytest.fixture
def supervisor():
    """A supervisor; the pid of its process, which abandons three child processes; and the file at which these end."""
    with directories.temporary("orderx-test-") as home:
        command = [sys.executable, "-c", SUPERVISOR, str(home), ABANDONS_THREE]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            yield process, int(process.stdout.readline()), home / "gate"
            process.kill()


class TestSupervisor:
    def test_reaps_adopted_processes(self, supervisor):
        process, _, gate = supervisor
        until(lambda: len(children(process.pid)) == 5, "it was given no orphans", seconds=20)
        gate.touch()
        until(lambda: len(children(process.pid)) == 2, "there are zombies", seconds=20)

    def test_knows_the_exit_status_of_its_processes(self, supervisor):
        process, pid, _ = supervisor
        os.kill(pid, signal.SIGTERM)
        assert process.stdout.readline().startswith("one ended with exit code -15, restarts in")
