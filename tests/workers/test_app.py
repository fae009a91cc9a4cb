import os
import subprocess
import sys

import kombu.utils.functional
import pytest
from kombu.exceptions import OperationalError

from ops.services.ports import free_port


class TestConnection:
    def test_looks_for_a_lost_broker_every_two_seconds_at_most(self, app, monkeypatch):
        monkeypatch.setattr(kombu.utils.functional, "sleep", lambda _seconds: None)
        pauses: list[float] = []
        nobody = f"amqp://127.0.0.1:{free_port()}//"
        with app.connection_for_read(nobody) as connection, pytest.raises(OperationalError):
            connection.ensure_connection(lambda _error, pause: pauses.append(pause), 20)
        assert pauses[-1] == max(pauses) == 2


class TestCeleryCommand:
    def test_finds_an_app_that_starts_no_worker(self):
        command = [sys.executable, "-m", "celery", "-A", "workers.app", "worker"]
        env = {**os.environ, "ORDERX_BROKER_URL": "amqp://127.0.0.1:1//"}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("Start workers with `orderx worker`")
