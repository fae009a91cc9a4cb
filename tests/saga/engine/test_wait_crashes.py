"""SIGKILL of the processes that begin a wait, send a signal, or sweep: the saga ends once, and as it would have."""

import os
import signal
import subprocess
import sys

import pytest

from tests.saga.engine.wait_failpoints import WAIT_FAILPOINTS
from tests.saga.engine.waiting_process import SAGA, move

pytestmark = pytest.mark.processes


@pytest.fixture
def killed(tmp_path):
    """Move a saga in a process that kills itself at a failpoint."""

    def killing(point, action, ref):
        (tmp_path / point).write_text("SIGKILL")
        command = [sys.executable, "-m", "tests.saga.engine.waiting_process", action]
        process = subprocess.run(
            [*command, str(ref.saga_id), str(ref.company_id)],
            env={**os.environ, "ORDERX_FAILPOINTS_DIR": str(tmp_path)},
            check=False,
        )
        assert process.returncode == -signal.SIGKILL

    return killing


@pytest.fixture
def waiting(harness):
    """A saga at its wait."""
    ref, deliveries = harness.start(SAGA)
    deliveries.deliver_all()
    assert harness.state(ref) == "waiting"
    return ref, deliveries


def begin(harness, killed, _waiting):
    ref, deliveries = harness.start(SAGA)
    killed("saga.waiting", "advance", ref)
    deliveries.deliver_all()  # the broker delivers the message again
    assert harness.events(ref).count("print.confirmed waiting") == 1
    move("signal", ref)
    return ref, deliveries, "done"


def send(harness, killed, waiting):
    ref, deliveries = waiting
    killed("signal.recorded", "signal", ref)
    move("signal", ref)  # the sender has no answer, and sends again
    return ref, deliveries, "done"


def sweep(point):
    def sweeping(harness, killed, waiting):
        ref, deliveries = waiting
        harness.expire_deadlines()
        killed(point, "sweep", ref)
        move("sweep", ref)
        return ref, deliveries, "undone"

    return sweeping


CRASHES = {
    "saga.waiting": begin,
    "signal.recorded": send,
    "sweep.found": sweep("sweep.found"),
    "sweep.resent": sweep("sweep.resent"),
}


@pytest.mark.parametrize("point", CRASHES)
def test_a_crash_loses_nothing(harness, killed, waiting, point):
    ref, deliveries, ending = CRASHES[point](harness, killed, waiting)
    deliveries.deliver_all()
    assert harness.state(ref) == ending
    assert harness.events(ref).count(ending) == 1
    assert harness.incidents(ref) == []


def test_every_failpoint_of_a_wait_has_a_crash():
    assert CRASHES.keys() >= WAIT_FAILPOINTS
