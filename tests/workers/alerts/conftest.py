import pytest

from tests import webhook
from tests.saga.engine.saga_harness import SagaHarness
from tests.webhook import Receiver
from workers.alerts.delivery import Webhook


@pytest.fixture
def receiver() -> Receiver:
    """A server that receives alerts."""
    with webhook.webhook_receiver() as receiver:
        yield receiver


@pytest.fixture
def hook(receiver) -> Webhook:
    return Webhook(receiver.url, webhook.SECRET)


@pytest.fixture
def harness(database) -> SagaHarness:
    return SagaHarness(database)


@pytest.fixture
def open_alerts(owner):
    """The (kind, key) of the open alerts."""
    return lambda: sorted(owner("SELECT kind, key FROM alerts WHERE closed_at IS NULL"))
