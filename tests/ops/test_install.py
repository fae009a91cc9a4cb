"""The progress output of the installation, with a simulated download."""

import os
import subprocess

import pytest

from tests.guards.source_tree import ROOT

pytestmark = pytest.mark.processes

UV = """#!/bin/sh
[ "$1" = pip ] && read line < {gate}
exit 0
"""


class TestInstallation:
    def test_shows_progress_every_few_seconds(self, tmp_path):
        uv, gate = tmp_path / "uv", tmp_path / "gate"
        os.mkfifo(gate)
        uv.write_text(UV.format(gate=gate))
        uv.chmod(0o755)
        env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        command = ["sh", str(ROOT / "ops/install.sh"), str(tmp_path / "venv")]
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as installing:
            assert installing.stdout.readline() == "  still installing ...\n"
            assert installing.poll() is None
            gate.write_text("done\n")
            installing.stdout.read()  # until nobody is left that could say more
        assert installing.returncode == 0
