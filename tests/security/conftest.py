"""What attackers stand before: two companies with all there may be in one, and a payment provider."""

import pytest

from api.app import create_app
from domain.payments.stripe_gateway import gateway
from kit.config import settings
from tests.api.client import Api
from tests.house.test_policy_by_place import World
from tests.sandbox_process import running_sandbox


@pytest.fixture(scope="session")
def _sandbox(tmp_path_factory):
    with running_sandbox(tmp_path_factory.mktemp("sandbox")) as running:
        yield running


@pytest.fixture(autouse=True)
def provider(_sandbox, monkeypatch):
    """The payment provider that cards are exchanged at."""
    monkeypatch.setenv("ORDERX_PAYMENT_API_BASE", _sandbox.url)
    monkeypatch.setenv("ORDERX_PAYMENT_API_KEY", _sandbox.api_key)
    settings.cache_clear()
    gateway.cache_clear()
    yield _sandbox
    settings.cache_clear()
    gateway.cache_clear()


@pytest.fixture
def world(database):
    return World(database)


@pytest.fixture
def api(database):
    """The app's HTTP interface, over a database without a row."""
    return Api(create_app())
