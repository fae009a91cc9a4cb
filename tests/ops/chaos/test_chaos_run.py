"""`orderx chaos` as a command: a short run over every target, and its usage errors."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ops.chaos.plan import TARGETS
from ops.chaos.violations import MUST_BE_ZERO
from ops.commands.chaos import ORDERS_PER_WAIT
from ops.services import directories
from tests import requirements


def command(*words):
    return [sys.executable, "-m", "ops.cli", "chaos", *map(str, words)]


def environment(home):
    """Without ORDERX_*; what the run makes lies under `home`."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ORDERX_")}
    return {**clean, "TMPDIR": str(home)}


@pytest.fixture
def home():
    with directories.temporary("orderx-test-") as path:
        yield path


@pytest.mark.slow
@pytest.mark.rabbitmq
@pytest.mark.xdist_group("stack")
class TestShortRun:
    def test_loses_nothing_and_leaves_nothing_behind(self, home):
        requirements.require_rabbitmq()
        words = ("--orders", 100, "--kills", len(TARGETS), "--seed", 1)
        ended = subprocess.run(
            command(*words), env=environment(home), capture_output=True, text=True, timeout=500, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        result = json.loads(ended.stdout.splitlines()[-1])
        assert {name: result[name] for name in (*MUST_BE_ZERO, "broken_rules")} == dict.fromkeys(
            (*MUST_BE_ZERO, "broken_rules"), 0
        )
        assert result["kills"] == dict.fromkeys(TARGETS, 1)
        assert result["accepted"] + result["refused"] == result["orders"] == 100
        assert result["paid"] + result["failed"] + result["cancelled"] == result["accepted"]
        assert result["waits_confirmed"] + result["waits_expired"] == 100 // ORDERS_PER_WAIT
        assert min(result["waits_confirmed"], result["waits_expired"]) > 0
        assert list(home.iterdir()) == []

    def test_stops_everything_when_interrupted(self, home):
        requirements.require_rabbitmq()
        words = command("--orders", 1000, "--kills", 400, "--targets", "relay,worker")
        with subprocess.Popen(words, env=environment(home), stdout=subprocess.PIPE, text=True) as run:
            while "kill" not in run.stdout.readline():
                assert run.poll() is None
            run.send_signal(signal.SIGINT)
            assert run.stdout.read().endswith("Stopped.\n")
        assert run.returncode == 130
        assert list(home.iterdir()) == []
        assert [line for line in processes() if str(home) in line] == []


def processes():
    """The environment of every process there is."""
    for each in Path("/proc").glob("[0-9]*/environ"):
        try:
            yield each.read_text(errors="replace")
        except OSError:
            continue


class TestBadInput:
    def test_lists_the_valid_targets(self, run_command):
        said = f"orderx: unknown target moon; targets are {', '.join(TARGETS)}\n"
        assert run_command("chaos", "--targets", "relay,moon") == (1, said)

    @pytest.mark.parametrize("words", [("--orders", 0), ("--kills", -1), ("--rate", 0), ("--seed", "x")])
    def test_is_a_usage_error(self, run_command, words):
        code, said = run_command("chaos", *words)
        assert code == 2
        assert f"invalid value for '{words[0]}'" in said
