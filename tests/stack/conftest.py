"""The whole stack, as `orderx up` runs it, on a real RabbitMQ."""

import os
from collections.abc import Iterator

import pytest

from ops.services import directories
from ops.stack import Stack
from tests import needs


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A running stack of its own: PostgreSQL, RabbitMQ, every process."""
    needs.a_real_rabbitmq()
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("ORDERX_")}
    with directories.temporary("orderx-stack-") as home:
        stack = Stack(home)
        try:
            stack.start()
            os.environ.update(kept)
            yield stack
        finally:
            stack.stop()
