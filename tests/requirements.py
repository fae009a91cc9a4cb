"""Programs that some tests require: skip the test, or fail it, where they are missing."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from ops.services import rabbitmq
from tests import pgbouncer_process

CLIENTS = Path(sys.prefix) / "clients"
"""The directory in which `make test` installs the client generators."""


def require_rabbitmq() -> None:
    """Skip the test where RabbitMQ is not installed; fail it where ORDERX_REQUIRE requires it."""
    if rabbitmq.start_script() is None:
        _missing("rabbitmq", "needs a real RabbitMQ: rabbitmq-server is not installed")


def require_pgbouncer() -> None:
    """Skip the test where PgBouncer is not installed; fail it where ORDERX_REQUIRE requires it."""
    if pgbouncer_process.installed() is None:
        _missing("pgbouncer", "needs a real PgBouncer: pgbouncer is not installed")


def client_generators() -> Path:
    """The directory of the client generators; skips or fails the test where they are not installed."""
    if not (CLIENTS / "bin" / "openapi-python-client").exists():
        _missing("clients", "needs generators of clients: `make test` installs them")
    return CLIENTS


def node_modules() -> Path:
    """The directory of the JavaScript tools; skips the test where they are not installed."""
    if shutil.which("node") is None:
        pytest.skip("needs Node.js: node is not installed")
    modules = CLIENTS / "node_modules"
    if not (modules / "typescript").exists():
        pytest.skip("needs tools in JavaScript: `make test` installs them where npm is")
    return modules


def _missing(name: str, message: str) -> None:
    if name in os.environ.get("ORDERX_REQUIRE", ""):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
