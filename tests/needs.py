"""What some tests cannot do without."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from ops.services import rabbitmq
from tests import pgbouncer_process

CLIENTS = Path(sys.prefix) / "clients"
"""Where `make test` installs generators of clients."""


def a_real_rabbitmq() -> None:
    """Skip the test where RabbitMQ is not installed; fail it where ORDERX_REQUIRE says that it must be."""
    if rabbitmq.installed() is None:
        _lack("rabbitmq", "needs a real RabbitMQ: rabbitmq-server is not installed")


def a_real_pgbouncer() -> None:
    """The same for PgBouncer."""
    if pgbouncer_process.installed() is None:
        _lack("pgbouncer", "needs a real PgBouncer: pgbouncer is not installed")


def generators_of_clients() -> Path:
    """Where they are installed, or else as above."""
    if not (CLIENTS / "bin" / "openapi-python-client").exists():
        _lack("clients", "needs generators of clients: `make test` installs them")
    return CLIENTS


def node_modules() -> Path:
    """Where the tools in JavaScript are installed; the test is skipped without them, as not everybody has Node."""
    if shutil.which("node") is None:
        pytest.skip("needs Node.js: node is not installed")
    modules = CLIENTS / "node_modules"
    if not (modules / "typescript").exists():
        pytest.skip("needs tools in JavaScript: `make test` installs them where npm is")
    return modules


def _lack(what: str, missing: str) -> None:
    if what in os.environ.get("ORDERX_REQUIRE", ""):
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)
