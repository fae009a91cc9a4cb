"""Celery's and RabbitMQ's own commands work with a running stack."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from celery.utils.nodenames import gethostname

from ops.services import rabbitmq
from ops.stack import WORKERS, Stack

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("stack"), pytest.mark.slow]

PLAIN = {"PATH": "/usr/local/bin:/usr/bin:/bin"}


class TestCelery:
    def test_shows_what_the_workers_do(self, stack: Stack):
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "workers.app",
            "inspect",
            "active",
            "--json",
            "--timeout",
            "20",
        ]
        command += ["--destination", ",".join(f"{name}@{gethostname()}" for name in WORKERS)]
        env = {**PLAIN, "ORDERX_BROKER_URL": stack.env["ORDERX_BROKER_URL"]}
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        assert {name.partition("@")[0] for name in json.loads(done.stdout)} == set(WORKERS)


class TestRabbitmqctl:
    def test_finds_the_node_by_the_generated_files(self, stack: Stack):
        ctl = rabbitmq.start_script().with_name("rabbitmqctl")
        script = f"set -a; . {stack.home}/rabbitmq/ctl.env; exec {ctl} --quiet list_queues name"
        done = subprocess.run(
            ["sh", "-c", script], env=PLAIN, cwd=Path("/"), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        assert {"saga", "dead.letters"} <= set(done.stdout.split())
