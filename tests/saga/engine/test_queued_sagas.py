"""A queued saga that no worker knows after a rollback: it stays queued until a release that knows it is back."""

import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from kit import clock
from saga.engine import checks
from saga.engine.errors import Refused
from saga.engine.queued_sagas import release_overdue
from saga.engine.targets import TargetBusy
from tests.forked import run_forked

VIOLATIONS = {check.name: check.violations for check in checks.CHECKS}
QUEUED = VIOLATIONS["every queued saga waits for an open one"]
ONE_AT_A_TIME = VIOLATIONS["at most one saga changes an order, or any other target, at a time"]


@pytest.fixture
def roll_back(sagas, deliveries):
    """All processes are of a release without these sagas. Returns a function that installs the newer one again."""

    def rolling_back(*names):
        deliveries.sagas = tuple(saga for name, saga in sagas.items() if name not in names)

        def roll_forward():
            deliveries.sagas = tuple(sagas.values())

        return roll_forward

    return rolling_back


@pytest.fixture
def sweep_queue(deliveries):
    """What a sweeper does; returns behind how many sagas it has started one."""
    return lambda: release_overdue(deliveries.find, now=clock.now())


class TestAfterARollback:
    def test_the_open_saga_ends_all_the_same(self, harness, command, deliveries, names, ref, roll_back):
        command("print")
        command("bind")
        roll_back("bind")
        deliveries.deliver_all()
        assert names() == [("print", "done")]
        assert harness.events(ref("print"))[-1] == "queued_saga_kept"
        assert harness.sql(QUEUED) == []

    def test_the_queued_saga_starts_when_its_release_is_back(
        self, harness, command, deliveries, names, roll_back, sweep_queue
    ):
        command("print")
        command("bind")
        roll_forward = roll_back("bind")
        deliveries.deliver_all()
        assert sweep_queue() == 0
        roll_forward()
        assert (
            sweep_queue(),
            sweep_queue(),
        ) == (1, 0)
        deliveries.deliver_all()
        assert names() == [("print", "done"), ("bind", "done")]
        assert harness.sql("SELECT FROM queued_sagas") == []

    def test_those_behind_it_keep_their_turn(self, harness, command, deliveries, names, roll_back, sweep_queue):
        rules = {("bind", "print"): "queue", ("cut", "print"): "queue"}
        command("print")
        command("bind", rules)
        command("cut", rules)
        roll_forward = roll_back("bind")
        deliveries.deliver_all()
        assert names() == [("print", "done")]
        roll_forward()
        sweep_queue()
        deliveries.deliver_all()
        assert names() == [("print", "done"), ("bind", "done"), ("cut", "done")]

    def test_another_command_is_refused_until_then(self, command, deliveries, names, roll_back):
        command("print")
        command("bind")
        roll_back("bind")
        deliveries.deliver_all()
        with pytest.raises(TargetBusy, match="is about to start") as refused:
            command("cut")
        assert refused.value.detail == {"saga": {"name": "bind", "id": None}}
        assert names() == [("print", "done")]

    def test_it_is_dropped_if_the_open_saga_is_undone(self, harness, script, command, deliveries, names, roll_back):
        script.answers["ink"] = [Refused("dry")]
        command("print")
        command("bind")
        roll_back("bind")
        deliveries.deliver_all()
        assert (names(), harness.sql("SELECT FROM queued_sagas")) == ([("print", "undone")], [])

    def test_a_crash_of_the_sweeper_that_starts_it_loses_nothing(
        self, harness, command, deliveries, names, roll_back, sweep_queue, tmp_path
    ):
        command("print")
        command("bind")
        roll_forward = roll_back("bind")
        deliveries.deliver_all()
        roll_forward()
        (tmp_path / "saga.dequeued").write_text("SIGKILL")
        killed = run_forked(sweep_queue, failpoint_directory=tmp_path)
        assert (killed, sweep_queue()) == (-signal.SIGKILL, 0)
        deliveries.deliver_all()
        assert names() == [("print", "done"), ("bind", "done")]


class TestAtTheSameTime:
    TIMES = 4

    def test_sweepers_and_commands_start_it_once(self, harness, command, deliveries, names, roll_back, sweep_queue):
        command("print")
        command("bind")
        roll_forward = roll_back("bind")
        deliveries.deliver_all()
        roll_forward()
        barrier = threading.Barrier(2 * self.TIMES)

        def at_once(act):
            barrier.wait()
            try:
                return act()
            except TargetBusy:
                return "refused"

        acts = [sweep_queue, lambda: command("cut")] * self.TIMES
        with ThreadPoolExecutor(len(acts)) as pool:
            results = list(pool.map(at_once, acts))
        assert results[1::2] == ["refused"] * self.TIMES
        assert harness.sql(ONE_AT_A_TIME) == []
        deliveries.deliver_all()
        assert names() == [("print", "done"), ("bind", "done")]
