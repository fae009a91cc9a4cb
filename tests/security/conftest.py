"""What attackers stand before: two companies with all there may be in one, and a payment provider."""

import pytest

from api.app import create_app
from tests.api.client import Api
from tests.guards.test_policy_by_scope import World
from tests.sandbox_process import paying_at, running_sandbox


@pytest.fixture(scope="session")
def _sandbox(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(autouse=True)
def provider(_sandbox):
    """The payment provider that cards are exchanged at."""
    with paying_at(_sandbox) as paid:
        yield paid


@pytest.fixture
def world(database):
    return World(database)


@pytest.fixture
def api(database):
    """The app's HTTP interface, over a database without a row."""
    return Api(create_app())
