"""Faults of small real processes, and the memory alarm of a real broker."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from ops.chaos import faults
from ops.chaos.fault_injector import FaultInjector
from ops.chaos.plan import PlannedFault
from ops.services import directories
from ops.services.process import Process
from ops.services.process_tree import children, descendants
from ops.services.readiness import output_contains
from ops.services.supervisor import Supervisor
from tests.processes import state_of
from tests.waiting import until

PARENT = """
import os, time
def have_a_child():
    if os.fork() == 0:
        time.sleep(600)
have_a_child()
have_a_child()
print("ready", flush=True)
while True:
    os.wait()
    have_a_child()
"""


class Family(Supervisor):
    """A stack of one process that keeps having two children."""

    def __init__(self, home):
        self.process = Process(
            "parent", [sys.executable, "-c", PARENT], log=home / "log", ready=output_contains("ready")
        )
        super().__init__([[self.process]])

    def __getitem__(self, name):
        return {"parent": self.process}[name]


@pytest.fixture
def family():
    with directories.temporary("orderx-test-") as home:
        family = Family(home)
        try:
            family.start()
            yield family
        finally:
            family.stop()


@pytest.fixture
def parent(family):
    return family.process


def is_alive(pid):
    return Path(f"/proc/{pid}/stat").exists() and state_of(pid) != "Z"


def run(fault):
    for seconds in fault:
        time.sleep(min(seconds, 0.05))


class TestKill:
    def test_ends_the_process_and_starts_another(self, parent):
        before = parent.pid
        run(faults.kill(parent, 0.1))
        assert parent.pid != before
        assert parent.ready

    def test_kills_the_children_of_the_process(self, parent):
        orphans = children(parent.pid)
        run(faults.kill(parent, 0.1))
        until(lambda: not any(is_alive(pid) for pid in orphans), seconds=10)

    def test_of_a_child_waits_for_its_replacement(self, family, parent):
        before, pid = children(parent.pid), parent.pid
        run(faults.inject(family, PlannedFault(0.0, "pool-child", "kill", "parent", 0.1)))
        assert parent.pid == pid
        assert len(children(pid)) == len(before)
        assert set(children(pid)) != set(before)


class TestFreeze:
    def test_stops_and_resumes_the_whole_process_group(self, parent):
        group = [parent.pid, *descendants(parent.pid)]
        assert len(group) == 3
        frozen = faults.freeze(parent, 1.0)
        assert next(frozen) == 1.0
        until(lambda: {state_of(pid) for pid in group} == {"T"}, seconds=10)
        assert list(frozen) == []
        until(lambda: "T" not in {state_of(pid) for pid in group}, seconds=10)

    def test_ends_when_the_run_is_aborted(self, parent):
        frozen = faults.freeze(parent, 1.0)
        next(frozen)
        until(lambda: state_of(parent.pid) == "T", seconds=10)
        frozen.close()
        until(lambda: state_of(parent.pid) != "T", seconds=10)


class TestAlarm:
    def test_blocks_publishers_and_releases_them(self, rabbitmq):
        def alarms():
            return rabbitmq.ctl("eval", "rabbit_alarm:get_alarms().").strip()

        sounding = faults.alarm(rabbitmq, 1.0)
        next(sounding)
        assert "memory" in alarms()
        assert list(sounding) == []
        assert alarms() == "[]"


class TestFaultInjector:
    def inject(self, family, *planned):
        reported = []
        injector = FaultInjector(family, planned, reported.append)
        while not injector.is_finished:
            injector.step()
            time.sleep(0.01)
        return injector, reported

    def kill(self, at=0.0):
        return PlannedFault(at, "worker", "kill", "parent", 0.05)

    def test_runs_faults_of_one_process_one_after_the_other(self, family):
        injector, reported = self.inject(family, self.kill(), self.kill(), self.kill())
        first, second, third = injector.finished
        assert first.started_at < first.recovered_at <= second.started_at < second.recovered_at
        assert second.recovered_at <= third.started_at < third.recovered_at
        assert [line.split()[0] for line in reported] == ["kill", "parent"] * 3

    def test_starts_no_fault_before_its_time(self, family):
        begun = time.time()
        injector, _ = self.inject(family, self.kill(at=0.3))
        assert injector.finished[0].started_at >= begun + 0.3

    def test_restarts_a_crashed_process_and_reports_it(self, family, parent):
        injector = FaultInjector(family, [], (reported := []).append)
        os.kill(parent.pid, signal.SIGKILL)
        until(lambda: parent.has_crashed, seconds=10)
        until(lambda: injector.step() or (injector.is_finished and parent.ready), seconds=10)
        assert injector.unexpected_exits == ["parent"]
        assert reported[0] == "parent ended unexpectedly with exit code -9"
