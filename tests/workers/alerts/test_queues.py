"""A queue whose messages are not consumed opens an alert, on a real RabbitMQ."""

from datetime import timedelta

import pytest
from kombu import Connection

from kit import clock
from ops.services.valkey import Valkey
from workers.alerts.queues import MAX_WAIT_WITHOUT_CONSUMER, MAX_WAIT_WITHOUT_PROGRESS, QueueMonitor
from workers.queues import ALL, DEAD_LETTER_EXCHANGE, TASK_EXCHANGE

OVERDUE = [("queue_stalled", "inventory")]


@pytest.fixture
def broker(app):
    with app.connection_for_write(transport_options={"confirm_publish": True}) as connection:
        yield connection


@pytest.fixture
def send(broker):
    """Publishes messages to a queue and waits for their confirms."""
    producer = broker.Producer(auto_declare=False)

    def sending(times: int = 1, *, key: str = "inventory.reserve_stock", exchange=TASK_EXCHANGE) -> None:
        for _ in range(times):
            producer.publish(b"{}", exchange=exchange.name, routing_key=key, delivery_mode=2, mandatory=True)

    return sending


@pytest.fixture
def watch(broker):
    """Checks the queues at this time after the first check."""
    watch, began = QueueMonitor(counts_consumers=True), clock.now()
    return lambda after: watch.check(broker.default_channel, now=began + after)


@pytest.fixture
def inventory(broker):
    return next(queue for queue in ALL if queue.name == "inventory")(broker.default_channel)


@pytest.fixture
def consumer(app):
    """Consumes from the queue and acknowledges nothing, like a worker that hangs."""
    with app.connection_for_write() as connection:
        queue = next(queue for queue in ALL if queue.name == "inventory")
        consumer = connection.Consumer([queue], callbacks=[], prefetch_count=1, auto_declare=False)
        consumer.consume()
        yield consumer


NOW = timedelta()


class TestAQueueWithoutConsumers:
    def test_opens_an_alert_when_its_messages_have_waited(self, watch, send, open_alerts, owner):
        send(3)
        watch(NOW)
        assert open_alerts() == []
        watch(MAX_WAIT_WITHOUT_CONSUMER)
        assert open_alerts() == OVERDUE
        [(detail,)] = owner("SELECT detail FROM alerts")
        assert detail == {"queue": "inventory", "messages": 3, "has_consumers": False}

    def test_opens_none_while_it_is_empty(self, watch, open_alerts):
        watch(NOW)
        watch(timedelta(hours=1))
        assert open_alerts() == []

    def test_closes_it_when_its_messages_are_consumed(self, watch, send, inventory, open_alerts):
        send(2)
        watch(NOW)
        watch(MAX_WAIT_WITHOUT_CONSUMER)
        inventory.get(no_ack=True)
        watch(2 * MAX_WAIT_WITHOUT_CONSUMER)
        assert open_alerts() == OVERDUE  # one was consumed, and the other still has no consumer
        inventory.get(no_ack=True)
        watch(3 * MAX_WAIT_WITHOUT_CONSUMER)
        assert open_alerts() == []

    def test_may_be_the_dead_letter_queue(self, watch, send, open_alerts):
        send(exchange=DEAD_LETTER_EXCHANGE)
        watch(NOW)
        watch(MAX_WAIT_WITHOUT_CONSUMER)
        assert open_alerts() == [("queue_stalled", "dead.letters")]

    def test_keeps_its_alert_when_a_new_monitor_starts(self, broker, watch, send, open_alerts):
        send()
        watch(NOW)
        watch(MAX_WAIT_WITHOUT_CONSUMER)
        QueueMonitor(counts_consumers=True).check(broker.default_channel, now=clock.now())
        assert open_alerts() == OVERDUE


class TestAQueueWithConsumers:
    @pytest.fixture(autouse=True)
    def hanging(self, consumer):
        return consumer

    def test_has_more_time_and_opens_an_alert_when_nothing_moves(self, watch, send, open_alerts):
        send(3)
        watch(NOW)
        watch(MAX_WAIT_WITHOUT_CONSUMER)
        assert open_alerts() == []
        watch(MAX_WAIT_WITHOUT_PROGRESS)
        assert open_alerts() == OVERDUE

    def test_opens_none_while_its_backlog_shrinks(self, watch, send, inventory, open_alerts):
        send(5)
        for minute in range(3):
            watch(minute * MAX_WAIT_WITHOUT_PROGRESS)
            inventory.get(no_ack=True)
        assert open_alerts() == []

    def test_opens_an_alert_when_its_backlog_only_grows(self, watch, send, open_alerts):
        for part in range(5):
            send(2)
            watch(part * MAX_WAIT_WITHOUT_PROGRESS / 4)
        assert open_alerts() == OVERDUE


@pytest.mark.processes
class TestOverValkey:
    def test_opens_an_alert_when_nothing_moves_with_or_without_consumers(self, database, tmp_path, open_alerts):
        with Valkey(tmp_path / "valkey") as valkey, Connection(valkey.url) as connection:
            watch, now = QueueMonitor(counts_consumers=False), clock.now()
            queue = next(queue for queue in ALL if queue.name == "inventory")(connection.default_channel)
            queue.declare()
            watch.check(connection.default_channel, now=now)  # empty queues do not exist in Redis
            connection.Producer().publish({}, exchange=TASK_EXCHANGE, routing_key="inventory.reserve_stock")
            watch.check(connection.default_channel, now=now)
            watch.check(connection.default_channel, now=now + MAX_WAIT_WITHOUT_PROGRESS)
            assert open_alerts() == OVERDUE
            queue.get(no_ack=True)
            watch.check(connection.default_channel, now=now + MAX_WAIT_WITHOUT_PROGRESS)
            assert open_alerts() == []
