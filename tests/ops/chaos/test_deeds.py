"""What is done to processes, on small real ones; and the broker's alarm, on a real broker."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from ops.chaos import deeds
from ops.chaos.conductor import Conductor
from ops.chaos.plan import Disturbance
from ops.services import directories
from ops.services.family import children, descendants
from ops.services.process import Process
from ops.services.readiness import line
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
        self.process = Process("parent", [sys.executable, "-c", PARENT], log=home / "log", ready=line("ready"))
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


def play(deed):
    for seconds in deed:
        time.sleep(min(seconds, 0.05))


class TestKill:
    def test_ends_the_process_and_starts_another(self, parent):
        before = parent.pid
        play(deeds.kill(parent, 0.1))
        assert parent.pid != before
        assert parent.ready

    def test_leaves_none_of_the_children_of_the_dead(self, parent):
        orphans = children(parent.pid)
        play(deeds.kill(parent, 0.1))
        until(lambda: not any(is_alive(pid) for pid in orphans), seconds=10)

    def test_of_a_child_waits_until_there_is_another(self, family, parent):
        before, pid = children(parent.pid), parent.pid
        play(deeds.perform(family, Disturbance(0.0, "pool-child", "kill", "parent", 0.1)))
        assert parent.pid == pid
        assert len(children(pid)) == len(before)
        assert set(children(pid)) != set(before)


class TestFreeze:
    def test_stops_the_whole_group_and_lets_it_go_on(self, parent):
        group = [parent.pid, *descendants(parent.pid)]
        assert len(group) == 3
        frozen = deeds.freeze(parent, 1.0)
        assert next(frozen) == 1.0
        until(lambda: {state_of(pid) for pid in group} == {"T"}, seconds=10)
        assert list(frozen) == []
        until(lambda: "T" not in {state_of(pid) for pid in group}, seconds=10)

    def test_does_not_outlast_a_run_that_is_broken_off(self, parent):
        frozen = deeds.freeze(parent, 1.0)
        next(frozen)
        until(lambda: state_of(parent.pid) == "T", seconds=10)
        frozen.close()
        until(lambda: state_of(parent.pid) != "T", seconds=10)


class TestAlarm:
    def test_stops_the_broker_from_taking_messages_and_lets_it_go_on(self, rabbitmq):
        def alarms():
            return rabbitmq.ctl("eval", "rabbit_alarm:get_alarms().").strip()

        sounding = deeds.alarm(rabbitmq, 1.0)
        next(sounding)
        assert "memory" in alarms()
        assert list(sounding) == []
        assert alarms() == "[]"


class TestConductor:
    def conduct(self, family, *planned):
        told = []
        conductor = Conductor(family, planned, told.append)
        while not conductor.over:
            conductor.step()
            time.sleep(0.01)
        return conductor, told

    def kill(self, at=0.0):
        return Disturbance(at, "worker", "kill", "parent", 0.05)

    def test_does_one_thing_after_the_other_to_the_same_process(self, family):
        conductor, told = self.conduct(family, self.kill(), self.kill(), self.kill())
        first, second, third = conductor.done
        assert first.begun < first.back <= second.begun < second.back <= third.begun < third.back
        assert [line.split()[0] for line in told] == ["kill", "parent"] * 3

    def test_begins_nothing_before_its_time(self, family):
        begun = time.time()
        conductor, _ = self.conduct(family, self.kill(at=0.3))
        assert conductor.done[0].begun >= begun + 0.3

    def test_starts_again_what_died_alone_and_says_so(self, family, parent):
        conductor = Conductor(family, [], (told := []).append)
        os.kill(parent.pid, signal.SIGKILL)
        until(lambda: parent.crashed, seconds=10)
        until(lambda: conductor.step() or (conductor.over and parent.ready), seconds=10)
        assert conductor.died_alone == ["parent"]
        assert told[0] == "parent ended by itself with exit code -9"
