"""The checks go on whatever is down."""

import threading

import pytest

from kit.config import settings
from kit.errors import NotConfigured
from tests import webhook
from workers.alerts import monitor
from workers.alerts.monitor import BrokerMonitor


@pytest.fixture
def configured(database, monkeypatch):
    def configure(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"ORDERX_{name.upper()}", value)
        settings.cache_clear()

    yield configure
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def going(monkeypatch):
    """Runs the checks of this many sweepers at once."""
    monkeypatch.setattr(monitor, "CHECK_INTERVAL", 0.01)
    stopping, threads = threading.Event(), []

    def go(sweepers: int) -> None:
        threads.extend(monitor.start(stopping) for _ in range(sweepers))

    yield go
    stopping.set()
    for thread in threads:
        thread.join()


def wait_until(condition) -> None:
    waiting = threading.Event()
    for _ in range(1000):
        if condition():
            return
        waiting.wait(0.02)
    raise AssertionError("the condition never became true")


class TestStart:
    def test_of_two_sweepers_delivers_an_alert_once_while_the_broker_is_down(self, configured, going, receiver, owner):
        configured(
            alert_webhook_url=receiver.url,
            alert_webhook_secret=webhook.SECRET,
            broker_url="amqp://nobody@127.0.0.1:1//",
        )
        going(2)
        owner("INSERT INTO outbox (kind, body, available_at) VALUES ('task', '{}', now() - interval '1 hour')")
        wait_until(lambda: receiver.accepted)
        owner("DELETE FROM outbox")
        wait_until(lambda: len(receiver.accepted) > 1)
        assert [event for event, _, _ in receiver.events()] == ["alert_opened", "alert_closed"]

    @pytest.mark.parametrize("url", [None, ""])
    def test_needs_no_webhook(self, configured, going, owner, url):
        configured(**({} if url is None else {"alert_webhook_url": url}))
        going(1)
        owner("INSERT INTO outbox (kind, body, available_at) VALUES ('task', '{}', now() - interval '1 hour')")
        wait_until(lambda: owner("SELECT id FROM alerts WHERE delivered_at IS NOT NULL"))

    def test_refuses_a_webhook_without_a_secret(self, configured):
        configured(alert_webhook_url="http://127.0.0.1:1/")
        with pytest.raises(NotConfigured, match="ORDERX_ALERT_WEBHOOK_SECRET"):
            monitor.start(threading.Event())


class TestBrokerWatch:
    def test_reconnects_with_the_broker_and_calls_no_worker_dead_meanwhile(self, app, rabbitmq, open_alerts):
        broker = BrokerMonitor(rabbitmq.url)
        broker.check()
        rabbitmq.stop()
        with pytest.raises(Exception, match=r".*"):
            broker.check()
        rabbitmq.start()
        broker.check()
        broker.disconnect()
        assert open_alerts() == []
