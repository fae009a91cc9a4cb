"""The rounds go on whatever is down."""

import threading

import pytest

from kit.config import settings
from kit.errors import NotConfigured
from tests import webhook
from workers.alarms import rounds
from workers.alarms.rounds import BrokerWatch


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
    """Runs this many rounds at a time, each as in a sweeper of its own."""
    monkeypatch.setattr(rounds, "EVERY", 0.01)
    stopping, threads = threading.Event(), []

    def go(sweepers: int) -> None:
        threads.extend(rounds.start(stopping) for _ in range(sweepers))

    yield go
    stopping.set()
    for thread in threads:
        thread.join()


def wait_until(so) -> None:
    waiting = threading.Event()
    for _ in range(1000):
        if so():
            return
        waiting.wait(0.02)
    raise AssertionError("it never came to be so")


class TestRounds:
    def test_of_two_sweepers_tell_an_alert_once_while_the_broker_is_gone(self, configured, going, receiver, owner):
        configured(
            alert_webhook_url=receiver.url,
            alert_webhook_secret=webhook.SECRET,
            broker_url="amqp://nobody@127.0.0.1:1//",
        )
        going(2)
        owner("INSERT INTO outbox (kind, body, available_at) VALUES ('task', '{}', now() - interval '1 hour')")
        wait_until(lambda: receiver.told)
        owner("DELETE FROM outbox")
        wait_until(lambda: len(receiver.told) > 1)
        assert [event for event, _, _ in receiver.events()] == ["alert_opened", "alert_closed"]

    @pytest.mark.parametrize("url", [None, ""])
    def test_need_no_webhook(self, configured, going, owner, url):
        configured(**({} if url is None else {"alert_webhook_url": url}))
        going(1)
        owner("INSERT INTO outbox (kind, body, available_at) VALUES ('task', '{}', now() - interval '1 hour')")
        wait_until(lambda: owner("SELECT id FROM alerts WHERE told_at IS NOT NULL"))

    def test_do_not_begin_with_a_webhook_that_nobody_could_verify(self, configured):
        configured(alert_webhook_url="http://127.0.0.1:1/")
        with pytest.raises(NotConfigured, match="ORDERX_ALERT_WEBHOOK_SECRET"):
            rounds.start(threading.Event())


class TestBrokerWatch:
    def test_comes_back_with_the_broker_and_calls_nobody_dead_meanwhile(self, app, rabbitmq, open_alerts):
        watch = BrokerWatch(rabbitmq.url)
        watch.look()
        rabbitmq.stop()
        with pytest.raises(Exception, match=r".*"):
            watch.look()
        rabbitmq.start()
        watch.look()
        watch.leave()
        assert open_alerts() == []
