"""Workers, relay, sweeper and scheduler show that they are alive, also while the broker is down."""

import os
import sys
from pathlib import Path

import pytest

from ops.services.process import Process
from ops.services.readiness import output_contains
from tests.waiting import until

COMMANDS = {"relay": ["relay"], "sweeper": ["sweeper"], "scheduler": ["scheduler"], "solo": ["worker"],
            "prefork": ["worker", "--pool", "prefork", "--concurrency", "2"]}  # fmt: skip
READY = {"relay": "relay started", "sweeper": "sweeper started", "scheduler": "scheduler started"}


@pytest.fixture(params=COMMANDS)
def alive(request, tmp_path, rabbitmq, database):
    alive_file, log = tmp_path / "alive", tmp_path / "log"
    env = {**os.environ, "ORDERX_BROKER_URL": rabbitmq.url, "ORDERX_ALIVE_FILE": str(alive_file)}
    settings = {"ORDERX_PAYMENT_API_KEY": "sk_test", "ORDERX_SMTP_URL": "smtp://127.0.0.1:1"}
    argv = [sys.executable, "-m", "ops.cli", *COMMANDS[request.param]]
    ready = output_contains(READY.get(request.param, " ready."))
    process = Process(request.param, argv, log=log, env={**env, **settings}, ready=ready)
    process.start()
    yield alive_file
    process.kill()


def goes_on(alive: Path) -> bool:
    """Whether the file is touched again."""
    last = alive.stat().st_mtime_ns if alive.exists() else 0
    return until(lambda: alive.exists() and alive.stat().st_mtime_ns > last)


class TestAliveFile:
    def test_is_touched_even_while_the_broker_is_down(self, alive, rabbitmq):
        assert goes_on(alive)
        rabbitmq.stop()
        assert all(goes_on(alive) for _ in range(5))
