import pytest

from tests import webhook
from tests.webhook import Receiver
from workers.alarms.telling import Webhook


@pytest.fixture
def receiver() -> Receiver:
    """Somebody who is told of alerts."""
    with webhook.listening() as receiver:
        yield receiver


@pytest.fixture
def hook(receiver) -> Webhook:
    return Webhook(receiver.url, webhook.SECRET)


@pytest.fixture
def open_alerts(owner):
    """The (kind, key) of those that are open."""
    return lambda: sorted(owner("SELECT kind, key FROM alerts WHERE closed_at IS NULL"))
