"""Waiting for the confirms of a broker that takes its time."""

import time

import pytest

from kit.ids import new_id
from workers.messages import messages
from workers.publisher import NotConfirmed


@pytest.fixture
def tasks(app):
    ids = [str(new_id()) for _ in range(3)]
    bodies = [{"task": "inventory.reserve_stock", "id": each, "root": each, "kwargs": {}} for each in ids]
    return [message for body in bodies for message in messages(app, "task", body)]


class TestPublish:
    def test_gives_up_once_the_whole_batch_takes_too_long(self, publisher, tasks, monkeypatch):
        times = iter(range(100))

        def confirm_one_and_have_another_to_confirm(timeout):
            time.sleep(0.05)
            publisher._unconfirmed.add(next(times))

        monkeypatch.setattr(publisher._connection, "drain_events", confirm_one_and_have_another_to_confirm)
        with pytest.raises(NotConfirmed):
            publisher.publish(tasks, patience=0.5)

    def test_answers_the_brokers_heartbeats_meanwhile(self, publisher, tasks, monkeypatch):
        def gone():
            raise ConnectionResetError

        monkeypatch.setattr(publisher._channel, "events", {**publisher._channel.events, "basic_ack": set()})
        monkeypatch.setattr(publisher._connection, "heartbeat_check", gone)
        with pytest.raises(ConnectionResetError):
            publisher.publish(tasks, patience=10)
