"""What all tests share; the fixtures of servers are in tests/fixtures.

With ORDERX_REQUIRE=rabbitmq,pgbouncer,clients, tests fail instead of being skipped where RabbitMQ, PgBouncer or the
client generators are missing.
"""

from collections.abc import Iterator

import hypothesis
import pytest

from domain import areas
from tests import published_events
from tests.security.example_counts import THOROUGH

pytest_plugins = [
    "tests.tiers",
    "tests.run_summary",
    "tests.fixtures.databases",
    "tests.fixtures.brokers",
    "tests.fixtures.commands",
    "tests.fixtures.companies",
    "tests.fixtures.providers",
]

# A slow machine is no failure, so no example has a deadline.
hypothesis.settings.register_profile("usual", deadline=None)
hypothesis.settings.load_profile("usual")
hypothesis.settings.register_profile(THOROUGH, deadline=None)  # make security


def pytest_configure() -> None:
    """Register what the areas declare, as a process of the API does at its start."""
    areas.register()


@pytest.fixture(autouse=True)
def published(request: pytest.FixtureRequest) -> Iterator[published_events.PublishedEvents]:
    """The events that the test has published. It fails if one of them is not declared or does not fit its payload type.

    A test of the delivery of events may publish any: `@pytest.mark.undeclared_events`.
    """
    with published_events.recorded() as published:
        yield published
    if not request.node.get_closest_marker("undeclared_events"):
        assert published.problems == []
