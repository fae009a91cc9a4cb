import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.processes


class TestCeleryCommand:
    def test_finds_an_app_that_starts_no_worker(self):
        command = [sys.executable, "-m", "celery", "-A", "workers.app", "worker"]
        env = {**os.environ, "ORDERX_BROKER_URL": "amqp://127.0.0.1:1//"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("Start workers with `orderx worker`")
