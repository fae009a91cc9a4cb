import pytest

from domain.payments.stripe_gateway import gateway
from kit.config import settings
from tests.saga.engine.saga_harness import SagaHarness
from tests.saga.fault_injection import FaultInjector
from tests.saga.order_scenario import OrderScenario

_CACHES = (settings, gateway)


@pytest.fixture
def outside_world(sandbox, mail_server, monkeypatch):
    """A payment provider and a mail server, known to this process."""
    monkeypatch.setenv("ORDERX_PAYMENT_API_BASE", sandbox.url)
    monkeypatch.setenv("ORDERX_PAYMENT_API_KEY", sandbox.api_key)
    monkeypatch.setenv("ORDERX_PAYMENT_TIMEOUT", "5")
    for cached in _CACHES:
        cached.cache_clear()
    yield
    for cached in _CACHES:
        cached.cache_clear()


@pytest.fixture
def faults(outside_world, monkeypatch):
    return FaultInjector(monkeypatch)


@pytest.fixture
def scenario(database, outside_world):
    """A shop with five units of one product."""
    return OrderScenario(database)


@pytest.fixture
def harness(database):
    return SagaHarness(database)


@pytest.fixture
def script(harness):
    return harness.script
