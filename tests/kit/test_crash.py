import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COME_BY = "from kit import crash; crash.point('order.placed'); crash.point('step.called', 'glue'); print('alive')"


def come_by(directory: Path | None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], **({"ORDERX_CRASH_DIR": str(directory)} if directory else {})}
    command = [sys.executable, "-c", COME_BY]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


class TestPoint:
    @pytest.mark.parametrize("name", ["order.placed", "step.called:glue"])
    def test_kills_one_process_where_a_file_asks_for_it(self, tmp_path, name):
        (tmp_path / name).write_text("SIGKILL")
        assert come_by(tmp_path).returncode == -signal.SIGKILL
        assert come_by(tmp_path).stdout == "alive\n"

    def test_lets_pass_whoever_it_does_not_concern(self, tmp_path):
        (tmp_path / "step.called:paint").write_text("SIGKILL")
        assert come_by(tmp_path).stdout == "alive\n"

    def test_does_nothing_where_nobody_tests(self):
        assert come_by(None).stdout == "alive\n"
