"""The whole stack, as `orderx up` runs it, on a real RabbitMQ."""

from collections.abc import Iterator

import pytest

from ops.stack import Stack
from tests.stack.running import running_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A running stack, shared by many tests."""
    with running_stack() as stack:
        yield stack
