import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[3]
HIT = """
from kit.process import failpoints
failpoints.hit('order.placed')
failpoints.hit('step.called', 'glue')
print('alive')
"""


def hit_two(directory: Path | None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **({"ORDERX_FAILPOINTS_DIR": str(directory)} if directory else {})}
    command = [sys.executable, "-c", HIT]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


class TestHit:
    @pytest.mark.parametrize("name", ["order.placed", "step.called:glue"])
    def test_kills_one_process_per_armed_failpoint(self, tmp_path, name):
        (tmp_path / name).write_text("SIGKILL")
        assert hit_two(tmp_path).returncode == -signal.SIGKILL
        assert hit_two(tmp_path).stdout == "alive\n"

    def test_does_nothing_while_another_failpoint_is_armed(self, tmp_path):
        (tmp_path / "step.called:paint").write_text("SIGKILL")
        assert hit_two(tmp_path).stdout == "alive\n"

    def test_does_nothing_without_the_variable(self):
        assert hit_two(None).stdout == "alive\n"
