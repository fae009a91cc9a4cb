"""Fixtures of the attacks: two companies with rows of every kind, and a payment provider."""

import pytest

from tests.api.client import Api
from tests.api.shared_app import shared_app
from tests.api.world import World


@pytest.fixture(autouse=True)
def _provider(provider):
    """Cards are exchanged at a payment provider."""


@pytest.fixture
def world(database):
    return World(database)


@pytest.fixture
def api(database):
    """A client of the app, with an empty database."""
    return Api(shared_app())
