"""Two tiers of tests, by cost: tests marked `processes` start processes or need RabbitMQ; all others are in-process.

In-process tests use the servers that a test worker starts once: PostgreSQL, the payment sandbox and the mail inbox.
A test is marked by its directory or by a fixture that it uses; the others that start processes carry the mark
themselves, and tests/run_summary.py names those that lack it.
"""

from pathlib import Path

import pytest

DIRECTORIES = ("stack", "clients", "bench", "ops/server", "ops/chaos")
FIXTURES = {"rabbitmq", "valkey", "pooled"}
"""Fixtures that start servers for a few tests."""

_TESTS = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before -m selects
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the tier `processes`."""
    for item in items:
        directory = item.path.parent.relative_to(_TESTS)
        if FIXTURES.intersection(getattr(item, "fixturenames", ())) or any(map(directory.is_relative_to, DIRECTORIES)):
            item.add_marker("processes")
