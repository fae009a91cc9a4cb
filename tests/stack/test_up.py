"""`orderx up`: its output, how other commands find it, and how it stops."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time

import pytest
import requests

from ops.services import directories, ports
from tests import requirements
from tests.guards.source_tree import ROOT

pytestmark = [pytest.mark.rabbitmq, pytest.mark.xdist_group("stack"), pytest.mark.slow]

LONGEST_SILENCE = 5.0
ORDERX = [sys.executable, "-m", "ops.cli"]
README = (ROOT / "README.md").read_text()


def environment():
    settings = {name: value for name, value in os.environ.items() if not name.startswith("ORDERX_")}
    return {**settings, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


class Up:
    """A running `orderx up` in a new folder, with the default ports occupied, and its output with timestamps."""

    def __init__(self, folder):
        self.folder = folder
        self.process = subprocess.Popen(
            [*ORDERX, "up"], cwd=folder, env=environment(), stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.lines, self.silences = [], []

    def read_until(self, wanted, *, within=180):
        before = begun = time.monotonic()
        while not any(wanted in line for line in self.lines):
            assert select.select([self.process.stdout], [], [], begun + within - before)[0], self.lines
            line = self.process.stdout.readline()
            assert line, self.lines
            now = time.monotonic()
            self.silences.append(now - before)
            self.lines.append(line)
            before = now

    def stop(self, number):
        """The exit code."""
        with self.process:
            self.process.send_signal(number)
            return self.process.wait(30)

    def orderx(self, *words):
        return subprocess.run(
            [*ORDERX, *words], cwd=self.folder, env=environment(), capture_output=True, text=True, check=True
        ).stdout

    @property
    def urls(self):
        return json.loads(self.orderx("urls", "--json"))


@pytest.fixture(scope="module")
def folder():
    """A folder for `orderx up`, while the API's default port is occupied."""
    requirements.require_rabbitmq()
    with directories.temporary("orderx-up-") as folder, socket.socket() as another:
        if ports.is_free(8000):
            another.bind((ports.LOOPBACK, 8000))
            another.listen()
        yield folder


@pytest.fixture(scope="module")
def running(folder):
    """The processes that have been started; the last one may still be starting."""
    started = []
    yield started
    for up in started:
        up.stop(signal.SIGTERM)


@pytest.fixture
def up(folder, running):
    if not running or running[-1].process.poll() is not None:
        running.append(Up(folder))
        running[-1].read_until("OrderX is running")
    return running[-1]


class TestUp:
    def test_shows_progress_while_it_starts(self, up):
        assert max(up.silences) < LONGEST_SILENCE, up.lines

    def test_has_rate_limits(self, up):
        answer = requests.get(f"{up.urls['api']}/api/orders", timeout=30)
        assert "RateLimit" in answer.headers

    def test_is_found_by_commands_in_its_folder(self, up):
        assert isinstance(json.loads(up.orderx("saga", "list", "--json")), list)
        assert "The data is consistent." in up.orderx("check")

    def test_accepts_the_orders_of_the_readme(self, up):
        start, buying = [
            block for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL) if "post " in block
        ]
        walk = f"{start}\n{buying}".replace(".venv/bin/orderx", " ".join(ORDERX))
        ended = subprocess.run(
            ["sh", "-c", walk], cwd=up.folder, env=environment(), capture_output=True, text=True, check=True
        )
        assert '"cancellation_requested":true' in ended.stdout, ended.stdout + ended.stderr
        sagas = json.loads(up.orderx("saga", "list", "--json"))
        assert {saga["name"] for saga in sagas} == {"place_order", "cancel_order"}

    def test_stops_within_ten_seconds(self, up):
        begun = time.monotonic()
        assert up.stop(signal.SIGINT) == 0
        assert time.monotonic() - begun <= 10
        ended = subprocess.run([*ORDERX, "urls"], cwd=up.folder, env=environment(), capture_output=True, check=False)
        assert b"No stack is running in this folder" in ended.stderr
