"""A queue whose messages nobody takes sounds an alert, on a real RabbitMQ."""

from datetime import timedelta

import pytest
from kombu import Connection

from kit import clock
from ops.services.valkey import Valkey
from workers.alarms.queues import NOBODY, STANDSTILL, QueueWatch
from workers.queues import ALL, DEAD, TASKS

AGEING = [("queue_stalled", "inventory")]


@pytest.fixture
def broker(app):
    with app.connection_for_write(transport_options={"confirm_publish": True}) as connection:
        yield connection


@pytest.fixture
def send(broker):
    """Puts so many messages into a queue; each is there when this returns."""
    producer = broker.Producer(auto_declare=False)

    def sending(times: int = 1, *, key: str = "inventory.reserve_stock", exchange=TASKS) -> None:
        for _ in range(times):
            producer.publish(b"{}", exchange=exchange.name, routing_key=key, delivery_mode=2, mandatory=True)

    return sending


@pytest.fixture
def watch(broker):
    """Looks at the queues so long after it looked first."""
    watch, began = QueueWatch(counts_consumers=True), clock.now()
    return lambda after: watch.look(broker.default_channel, now=began + after)


@pytest.fixture
def inventory(broker):
    return next(queue for queue in ALL if queue.name == "inventory")(broker.default_channel)


@pytest.fixture
def consumer(app):
    """Holds the queue, and acknowledges nothing: a worker that hangs."""
    with app.connection_for_write() as connection:
        queue = next(queue for queue in ALL if queue.name == "inventory")
        consumer = connection.Consumer([queue], callbacks=[], prefetch_count=1, auto_declare=False)
        consumer.consume()
        yield consumer


NOW = timedelta()


class TestAQueueWithoutConsumers:
    def test_sounds_an_alert_when_its_messages_have_waited(self, watch, send, open_alerts, owner):
        send(3)
        watch(NOW)
        assert open_alerts() == []
        watch(NOBODY)
        assert open_alerts() == AGEING
        [(detail,)] = owner("SELECT detail FROM alerts")
        assert detail == {"queue": "inventory", "messages": 3, "has_consumers": False}

    def test_is_left_alone_while_it_is_empty(self, watch, open_alerts):
        watch(NOW)
        watch(timedelta(hours=1))
        assert open_alerts() == []

    def test_is_quiet_again_when_its_messages_are_taken(self, watch, send, inventory, open_alerts):
        send(2)
        watch(NOW)
        watch(NOBODY)
        inventory.get(no_ack=True)
        watch(2 * NOBODY)
        assert open_alerts() == AGEING  # one was taken, and still there is nobody for the other
        inventory.get(no_ack=True)
        watch(3 * NOBODY)
        assert open_alerts() == []

    def test_is_also_the_one_of_dead_letters(self, watch, send, open_alerts):
        send(exchange=DEAD)
        watch(NOW)
        watch(NOBODY)
        assert open_alerts() == [("queue_stalled", "dead.letters")]

    def test_is_nothing_that_a_watch_that_has_just_begun_calls_well(self, broker, watch, send, open_alerts):
        send()
        watch(NOW)
        watch(NOBODY)
        QueueWatch(counts_consumers=True).look(broker.default_channel, now=clock.now())
        assert open_alerts() == AGEING


class TestAQueueWithConsumers:
    @pytest.fixture(autouse=True)
    def hanging(self, consumer):
        return consumer

    def test_is_given_longer_and_sounds_an_alert_when_nothing_moves(self, watch, send, open_alerts):
        send(3)
        watch(NOW)
        watch(NOBODY)
        assert open_alerts() == []
        watch(STANDSTILL)
        assert open_alerts() == AGEING

    def test_is_left_alone_while_its_backlog_moves(self, watch, send, inventory, open_alerts):
        send(5)
        for minute in range(3):
            watch(minute * STANDSTILL)
            inventory.get(no_ack=True)
        assert open_alerts() == []

    def test_sounds_an_alert_when_its_backlog_only_grows(self, watch, send, open_alerts):
        for part in range(5):
            send(2)
            watch(part * STANDSTILL / 4)
        assert open_alerts() == AGEING


class TestOverValkey:
    def test_sounds_an_alert_when_nothing_moves_whoever_consumes(self, database, tmp_path, open_alerts):
        with Valkey(tmp_path / "valkey") as valkey, Connection(valkey.url) as connection:
            watch, now = QueueWatch(counts_consumers=False), clock.now()
            queue = next(queue for queue in ALL if queue.name == "inventory")(connection.default_channel)
            queue.declare()
            watch.look(connection.default_channel, now=now)  # of queues that are empty, and so not there at all
            connection.Producer().publish({}, exchange=TASKS, routing_key="inventory.reserve_stock")
            watch.look(connection.default_channel, now=now)
            watch.look(connection.default_channel, now=now + STANDSTILL)
            assert open_alerts() == AGEING
            queue.get(no_ack=True)
            watch.look(connection.default_channel, now=now + STANDSTILL)
            assert open_alerts() == []
