"""The payment sandbox as a process that tests can kill, and whose ledger they can read."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import requests

from domain.payments.stripe_gateway import gateway
from kit.config import settings
from tests.processes import python_command

ROOT = Path(__file__).parent.parent
SERVE = (
    "import json, pathlib, sys; from ops.sandbox import serve;"
    "config = json.loads(sys.argv[1]); ledger = pathlib.Path(config.pop('ledger_path'));"
    "serve('127.0.0.1', config.pop('port'), ledger, **config)"
)

_FORGET_ALL = "DELETE FROM refunds; DELETE FROM payment_intents; DELETE FROM idempotency_keys"


class SandboxProcess:
    """A running sandbox: its address, its API key, and the means to kill and audit it."""

    def __init__(self, directory: Path, **config: Any) -> None:
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.ledger_path = directory / "sandbox.sqlite3"
        self.api_key = config.setdefault("api_key", "sk_test_sandbox")
        self._config = config | {"port": self.port, "ledger_path": str(self.ledger_path)}

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = python_command(SERVE, json.dumps(self._config))
        self._process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
        deadline = time.monotonic() + 20
        while not _accepts(self.port):
            assert self._process.poll() is None, "the sandbox ended while starting"
            assert time.monotonic() < deadline, "the sandbox does not start"
            time.sleep(0.02)
        self.ledger()  # the port is open before the tables exist

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End it as a power switch would: SIGKILL to every process of it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        while _accepts(self.port):
            time.sleep(0.01)

    def restart(self) -> None:
        """Start it again on the same port and books, after kill()."""
        self.start()

    def forget_all(self) -> None:
        """Delete all payments and refunds from its books."""
        with closing(sqlite3.connect(self.ledger_path)) as books:
            books.executescript(_FORGET_ALL)

    def ledger(self) -> list[dict[str, Any]]:
        """Its payment intents, oldest first, as its audit shows them."""
        answer = requests.get(f"{self.url}/ledger", timeout=10)
        answer.raise_for_status()
        return answer.json()["payment_intents"]


@contextmanager
def running_sandbox(directory: Path, **config: Any) -> Iterator[SandboxProcess]:
    """A sandbox on a free port, its books in `directory`; `config` may be api_key, slow_seconds, silent_seconds."""
    sandbox = SandboxProcess(directory, **config)
    sandbox.start()
    try:
        yield sandbox
    finally:
        sandbox.kill()


@contextmanager
def paying_at(sandbox: SandboxProcess) -> Iterator[SandboxProcess]:
    """Have this process pay at the sandbox while the block runs."""
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("ORDERX_PAYMENT_API_BASE", sandbox.url)
            patched.setenv("ORDERX_PAYMENT_API_KEY", sandbox.api_key)
            _forget_the_settings()
            yield sandbox
    finally:
        _forget_the_settings()


def _forget_the_settings() -> None:
    settings.cache_clear()
    gateway.cache_clear()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
