"""Fixtures of the attacks: two companies with rows of every kind, and a payment provider."""

import pytest

from tests.api.client import Api
from tests.api.shared_app import shared_app
from tests.guards.test_policy_by_scope import World
from tests.sandbox_process import paying_at, running_sandbox


@pytest.fixture(scope="session")
def _sandbox(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(autouse=True)
def provider(_sandbox):
    """The payment provider that exchanges cards for tokens."""
    with paying_at(_sandbox) as paid:
        yield paid


@pytest.fixture
def world(database):
    return World(database)


@pytest.fixture
def api(database):
    """A client of the app, with an empty database."""
    return Api(shared_app())
