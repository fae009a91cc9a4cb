"""Waiting for the confirms of a slow broker."""

import time

import pytest

from kit.ids import new_id
from ops.chaos.tcp_proxy import TcpProxy
from workers.outbox import publisher as publisher_module
from workers.outbox.messages import build_messages
from workers.outbox.publisher import NotConfirmed, Publisher


@pytest.fixture
def tasks(app):
    ids = [str(new_id()) for _ in range(3)]
    bodies = [{"task": "inventory.reserve_stock", "id": each, "root": each, "kwargs": {}} for each in ids]
    return [message for body in bodies for message in build_messages(app, "task", body)]


class TestPublish:
    def test_raises_when_the_whole_batch_takes_too_long(self, publisher, tasks, monkeypatch):
        times = iter(range(100))

        def confirm_one_and_have_another_to_confirm(timeout):
            time.sleep(0.05)
            publisher._unconfirmed.add(next(times))

        monkeypatch.setattr(publisher._connection, "drain_events", confirm_one_and_have_another_to_confirm)
        with pytest.raises(NotConfirmed):
            publisher.publish(tasks, timeout=0.5)

    def test_exchanges_heartbeats_meanwhile(self, publisher, tasks, monkeypatch):
        def gone():
            raise ConnectionResetError

        monkeypatch.setattr(publisher._channel, "events", {**publisher._channel.events, "basic_ack": set()})
        monkeypatch.setattr(publisher._connection, "heartbeat_check", gone)
        with pytest.raises(ConnectionResetError):
            publisher.publish(tasks, timeout=10)


class TestConfirmTimeout:
    @pytest.fixture
    def proxy(self, rabbitmq):
        proxy = TcpProxy(rabbitmq.port)
        proxy.start()
        yield proxy
        proxy.stop()

    @pytest.fixture
    def through_proxy(self, app, rabbitmq, proxy, monkeypatch):
        monkeypatch.setattr(publisher_module, "CONFIRM_TIMEOUT", 0.5)
        with Publisher(proxy.reroute(rabbitmq.url)) as publisher:
            yield publisher
            publisher._connection.collect()

    def test_raises_for_a_node_that_confirms_nothing(self, through_proxy, proxy, tasks):
        proxy.hang()
        with pytest.raises(NotConfirmed):
            through_proxy.publish(tasks, timeout=20)
        proxy.restore()

    def test_waits_for_a_node_that_has_blocked_the_connection(self, through_proxy, proxy, tasks):
        through_proxy._on_blocked("low on memory")
        proxy.hang()
        begun = time.monotonic()
        with pytest.raises(NotConfirmed):
            through_proxy.publish(tasks, timeout=2)
        assert time.monotonic() - begun > 2  # longer than CONFIRM_TIMEOUT: it waited for its whole timeout
        proxy.restore()
