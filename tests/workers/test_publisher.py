"""Waiting for the confirms of a broker that takes its time."""

import time

import pytest

from kit.ids import new_id
from ops.chaos.wire import Wire
from workers import publisher as publishing
from workers.app import from_node
from workers.messages import messages
from workers.publisher import NotConfirmed, Publisher


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


class TestConfirmTimeout:
    @pytest.fixture
    def wire(self, rabbitmq):
        wire = Wire(rabbitmq.port)
        wire.open()
        yield wire
        wire.close()

    @pytest.fixture
    def over_the_wire(self, app, rabbitmq, wire, monkeypatch):
        monkeypatch.setattr(publishing, "CONFIRM_TIMEOUT", 0.5)
        with Publisher(wire.through(rabbitmq.url)) as publisher:
            yield publisher
            publisher._connection.collect()

    def test_gives_up_a_node_that_confirms_nothing(self, over_the_wire, wire, tasks):
        wire.hang()
        with pytest.raises(NotConfirmed):
            over_the_wire.publish(tasks, patience=20)
        wire.restore()

    def test_does_not_give_up_a_node_that_has_blocked_the_connection(self, over_the_wire, wire, tasks):
        over_the_wire._on_blocked("low on memory")
        wire.hang()
        begun = time.monotonic()
        with pytest.raises(NotConfirmed):
            over_the_wire.publish(tasks, patience=2)
        assert time.monotonic() - begun > 2  # longer than CONFIRM_TIMEOUT: it waited for its whole patience
        wire.restore()


class TestFromNode:
    def test_begins_at_each_node_in_turn(self):
        assert [from_node("a;b;c", number) for number in range(4)] == ["a;b;c", "b;c;a", "c;a;b", "a;b;c"]
